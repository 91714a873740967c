import type { Routing } from '@millrace/engine';
import { generatedCodeOf } from '@millrace/operators';
import type { PlannedGraph } from '../planner/plan-graph.ts';
import { type FusedLabel, type PlannedEdge, type PlannedVertex, supplierOf } from '../planner/planned-vertex.ts';

/** A plan as `millrace plan` and `POST /jobs/plan` show it: plain data, the same for the same pipeline. */
export interface PlanExplanation {
  readonly vertices: readonly ExplainedVertex[];
  readonly edges: readonly ExplainedEdge[];
}

export interface ExplainedVertex {
  readonly name: string;
  /** Instances on each member. */
  readonly parallelism: number;
  /** Why it is a vertex of its own; absent for a source. */
  readonly reason?: string;
  /** What runs in its tasklet, one after the other. */
  readonly parts: readonly ExplainedPart[];
}

export interface ExplainedPart {
  /** Saved state goes by it. */
  readonly name: string;
  readonly what: string;
  /** Stateless stages in the same loop. */
  readonly fused: readonly FusedLabel[];
  readonly hasState: boolean;
  /** Verbose: the loops, as they are generated for row objects. */
  readonly code?: readonly string[];
}

export interface ExplainedEdge {
  readonly from: string;
  readonly to: string;
  readonly routing: Routing['kind'];
  readonly why: string;
  /** Drained to its end before the other inputs. */
  readonly isFirst: boolean;
}

export interface ExplainOptions {
  /** With the generated code of each loop. */
  readonly verbose?: boolean | undefined;
}

const WHY: Readonly<Record<Routing['kind'], string>> = {
  isolated: 'as many instances on both sides: rows stay on their thread, in order',
  unicast: 'batches go to the instances in turn',
  partitioned: 'rows of one key meet at one instance',
  broadcast: 'every instance gets every row',
  'all-to-one': 'one instance gets every row',
};

/** Describes a plan. One processor of each part is made and dropped: making one has no effects. */
export function explainPlan({ vertices, edges }: PlannedGraph, options: ExplainOptions = {}): PlanExplanation {
  return { vertices: vertices.map((vertex) => explainVertex(vertex, options)), edges: edges.map(explainEdge) };
}

function explainVertex({ name, parallelism, reason, parts }: PlannedVertex, options: ExplainOptions): ExplainedVertex {
  return {
    name,
    parallelism,
    ...(reason === undefined ? {} : { reason }),
    parts: parts.map((part) => {
      const processor = supplierOf(part, 'generated')({ globalIndex: 0, totalParallelism: parallelism });
      return {
        name: part.name,
        what: part.kind === 'loop' ? 'stateless' : part.label,
        fused: part.fused.map((stage) => ({ ...stage })),
        hasState: processor.saveSnapshot !== undefined,
        ...(options.verbose === true ? { code: generatedCodeOf(processor) } : {}),
      };
    }),
  };
}

const explainEdge = ({ from, to, routing, priority }: PlannedEdge): ExplainedEdge => ({
  from: from.name,
  to: to.name,
  routing: routing.kind,
  why: WHY[routing.kind],
  isFirst: priority < 0,
});
