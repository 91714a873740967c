import type { ProcessorSupplier, Routing } from '@millrace/engine';
import { chained, type FusedStage, fusedLoop, type LoopMode, type LoopStage } from '@millrace/operators';
import type { Parallelism } from '../graph/graph-node.ts';

/** A stateless stage of the pipeline, as plans show it. */
export interface FusedLabel {
  readonly name: string;
  readonly label: string;
}

/** One part of a vertex: a processor, or stateless stages that may still be taken into the loop of what follows. */
export type PlannedPart =
  | {
      readonly kind: 'processor';
      readonly name: string;
      readonly label: string;
      readonly supplier: ProcessorSupplier;
      /** Stateless stages ahead of it, in its loop. */
      readonly fused: readonly FusedLabel[];
    }
  | { readonly kind: 'loop'; readonly name: string; readonly stages: FusedStage[]; readonly fused: FusedLabel[] };

/** Stages of the pipeline that go into the loop of a processor. */
export interface AbsorbedLoop {
  readonly stages: readonly LoopStage[];
  readonly fused: readonly FusedLabel[];
}

/** A vertex while the planner puts it together: parts that run in one tasklet, one after the other. */
export class PlannedVertex {
  readonly parallelism: number;
  /** What `parallelism` comes from. Vertices are cut by it, so that the same pipeline has the same vertices on any number of threads. */
  readonly wanted: Exclude<Parallelism, 'inherit'>;
  readonly parts: PlannedPart[] = [];
  /** Why it is not part of the vertex before it; `undefined` for a source. */
  readonly reason: string | undefined;

  constructor(wanted: Exclude<Parallelism, 'inherit'>, threads: number, reason: string | undefined) {
    this.wanted = wanted;
    this.parallelism = wanted === 'threads' ? threads : wanted;
    this.reason = reason;
  }

  /**
   * The name of its first processor: saved state is found by it, also when stateless stages come or go ahead of that. Of its last stage
   * when it has none but stateless ones.
   */
  get name(): string {
    const part = this.parts.find(({ kind }) => kind === 'processor') ?? this.parts.at(-1)!;
    return part.kind === 'processor' ? part.name : part.fused.at(-1)!.name;
  }

  addProcessor(name: string, label: string, supplier: ProcessorSupplier, fused: readonly FusedLabel[] = []): void {
    this.parts.push({ kind: 'processor', name, label, supplier, fused });
  }

  addStage(name: string, label: string, stage: FusedStage): void {
    const last = this.parts.at(-1);
    if (last?.kind === 'loop') {
      last.stages.push(stage);
      last.fused.push({ name, label });
    } else {
      this.parts.push({ kind: 'loop', name, stages: [stage], fused: [{ name, label }] });
    }
  }

  /** Takes the row stages at the end out, for the loop of the processor that comes next. */
  absorbLoop(): AbsorbedLoop {
    const last = this.parts.at(-1);
    if (last?.kind !== 'loop' || last.stages.some((stage) => 'transform' in stage)) return { stages: [], fused: [] };
    this.parts.pop();
    return { stages: last.stages as LoopStage[], fused: last.fused };
  }

  supplier(mode: LoopMode): ProcessorSupplier {
    return chained(
      this.parts.map((part) => ({
        name: part.name,
        supplier: supplierOf(part, mode),
      })),
    );
  }
}

/** The processor of one part alone. */
export const supplierOf = (part: PlannedPart, mode: LoopMode): ProcessorSupplier =>
  part.kind === 'loop' ? fusedLoop(part.stages, mode) : part.supplier;

export interface PlannedEdge {
  readonly from: PlannedVertex;
  readonly to: PlannedVertex;
  readonly routing: Routing;
  readonly priority: number;
}
