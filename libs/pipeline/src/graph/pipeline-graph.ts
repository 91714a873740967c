import { errorCode, MillraceError } from '@millrace/kernel';
import type { GraphNode } from './graph-node.ts';

const user = { domain: 'user', retry: 'never' } as const;
export const PipelineWithoutSink = errorCode('pipeline.no_sink', { ...user, title: 'The pipeline has no sink' });
export const StageUnused = errorCode('pipeline.stage_unused', { ...user, title: 'Nothing reads from a stage' });
export const NameTaken = errorCode('pipeline.name_taken', { ...user, title: 'Two stages have one name' });
export const ForeignStage = errorCode('pipeline.foreign_stage', { ...user, title: 'A stage of another pipeline' });
export const WindowWithoutTimestamps = errorCode('pipeline.window_without_timestamps', {
  ...user,
  title: 'A window over rows that have no event time',
});

/** The stages of a pipeline and who reads from whom, in the order they were added: every node after its inputs. */
export class PipelineGraph {
  readonly nodes: GraphNode[] = [];

  /** A name that no stage has yet: `map`, then `map-2`, `map-3`, … */
  freeName(wanted: string): string {
    const taken = new Set(this.nodes.map((node) => node.name));
    if (!taken.has(wanted)) return wanted;
    let number = 2;
    while (taken.has(`${wanted}-${number}`)) number += 1;
    return `${wanted}-${number}`;
  }

  /** @throws MillraceError `pipeline.foreign_stage` */
  add<N extends GraphNode>(node: N): N {
    const foreign = node.inputs.find((input) => !this.nodes.includes(input));
    if (foreign !== undefined) {
      throw new MillraceError(ForeignStage, {
        message: `stage "${node.name}" reads from "${foreign.name}", which belongs to another pipeline`,
        mend: 'Use stages of one Pipeline.create() only.',
        details: { stage: node.name, input: foreign.name },
      });
    }
    this.nodes.push(node);
    return node;
  }

  readersOf(node: GraphNode): readonly GraphNode[] {
    return this.nodes.filter((each) => each.inputs.includes(node) || (each.kind === 'late' && each.of === node));
  }

  /** @throws MillraceError `pipeline.no_sink`, `pipeline.stage_unused`, `pipeline.name_taken`, `pipeline.window_without_timestamps` */
  checkComplete(): void {
    this.#checkNames();
    if (!this.nodes.some((node) => node.kind === 'sink')) {
      throw new MillraceError(PipelineWithoutSink, {
        message: 'the pipeline has no sink, so it would do nothing',
        mend: 'End it with .writeTo(sink), for example Sinks.logger().',
      });
    }
    const unused = this.nodes.find((node) => node.kind !== 'sink' && this.readersOf(node).length === 0);
    if (unused !== undefined) {
      throw new MillraceError(StageUnused, {
        message: `nothing reads from stage "${unused.name}" (${unused.kind})`,
        mend: 'Write it to a sink, use it in another stage, or remove it.',
        details: { stage: unused.name },
      });
    }
    this.#checkTimes();
  }

  #checkTimes(): void {
    for (const node of this.nodes) {
      if (!needsTimes(node)) continue;
      const source = node.inputs.map(timelessSource).find((each) => each !== undefined);
      if (source === undefined) continue;
      throw new MillraceError(WindowWithoutTimestamps, {
        message: `stage "${node.name}" works by event time, and the rows of source "${source.name}" have none`,
        mend: 'Replace withoutTimestamps() by withTimestamps(row => row.time, lagMs) or withIngestionTimestamps().',
        details: { stage: node.name, source: source.name },
      });
    }
  }

  #checkNames(): void {
    const names = new Set<string>();
    for (const { name } of this.nodes) {
      if (names.has(name)) {
        throw new MillraceError(NameTaken, {
          message: `two stages are named "${name}"`,
          mend: 'Give one of them another name with setName: saved state is found by it.',
          details: { stage: name },
        });
      }
      names.add(name);
    }
  }
}

const needsTimes = (node: GraphNode): boolean =>
  node.kind === 'aggregate' ? node.window !== undefined : node.kind === 'operator' && node.needsTime === true;

/** A source from which rows reach the node without an event time. */
function timelessSource(node: GraphNode): GraphNode | undefined {
  if (node.kind === 'source') return node;
  // Results of a window have the time of its end.
  if (node.kind === 'late' || (node.kind === 'aggregate' && node.window !== undefined)) return undefined;
  if (node.kind === 'operator') {
    if (node.assignsTime === true) return undefined;
    // Of several inputs those that are broadcast are only looked up.
    const inputs = node.inputs.filter((_, index) => node.routings[index]!.kind !== 'broadcast');
    return inputs.map(timelessSource).find((source) => source !== undefined);
  }
  return node.inputs.map(timelessSource).find((source) => source !== undefined);
}
