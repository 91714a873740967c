import { type ErrorCode, MillraceError } from '@millrace/kernel';
import { callSite } from './call-site.ts';
import {
  ForeignStage,
  NameInvalid,
  NameTaken,
  PipelineWithoutSink,
  StageUnused,
  WindowWithoutTimestamps,
} from './errors.ts';
import type { GraphNode } from './graph-node.ts';

/** The chain of processors of a vertex separates the parts of state keys by it. */
const NAME = /^[^/]{1,200}$/u;

/** The stages of a pipeline and who reads from whom, in the order they were added: every node after its inputs. */
export class PipelineGraph {
  readonly nodes: GraphNode[] = [];
  /** Order of rows is kept from source to sink, whatever the sinks say. */
  keepsOrder = false;
  readonly #known = new Set<GraphNode>();

  /** @throws MillraceError `pipeline.foreign_stage` */
  add<N extends GraphNode>(node: N): N {
    node.at ??= callSite();
    const foreign = node.inputs.find((input) => !this.#known.has(input));
    if (foreign !== undefined) {
      throw stageError(ForeignStage, node.label, node, {
        message: `stage "${node.label}" reads from "${foreign.givenName ?? foreign.label}", which belongs to another pipeline`,
        mend: 'Use stages of one Pipeline.create() only.',
      });
    }
    this.nodes.push(node);
    this.#known.add(node);
    return node;
  }

  readersOf(node: GraphNode): readonly GraphNode[] {
    return this.nodes.filter((each) => each.inputs.includes(node));
  }

  /**
   * Names of all nodes: those given, and for the others what they are called, numbered from the second on: `map`, `map-2`, …
   * @throws MillraceError `pipeline.name_taken`, `pipeline.name_invalid`
   */
  names(): ReadonlyMap<GraphNode, string> {
    const taken = new Set<string>();
    for (const node of this.nodes) {
      const name = node.givenName;
      if (name === undefined) continue;
      if (!NAME.test(name)) {
        throw stageError(NameInvalid, name, node, {
          message: `a stage cannot be named ${JSON.stringify(name)}`,
          mend: 'Give 1 to 200 characters without "/".',
        });
      }
      if (taken.has(name)) {
        throw stageError(NameTaken, name, node, {
          message: `two stages are named "${name}"`,
          mend: 'Give one of them another name with setName: saved state is found by it.',
        });
      }
      taken.add(name);
    }
    const names = new Map<GraphNode, string>();
    for (const node of this.nodes) {
      const name = node.givenName ?? freeName(node.label.replaceAll('/', '-'), taken);
      taken.add(name);
      names.set(node, name);
    }
    return names;
  }

  /**
   * @throws MillraceError `pipeline.no_sink`, `pipeline.stage_unused`, `pipeline.name_taken`, `pipeline.name_invalid`,
   *   `pipeline.window_without_timestamps`
   */
  checkComplete(): ReadonlyMap<GraphNode, string> {
    const names = this.names();
    if (!this.nodes.some((node) => node.kind === 'sink')) {
      throw new MillraceError(PipelineWithoutSink, {
        message: 'the pipeline has no sink, so it would do nothing',
        mend: 'End it with .writeTo(sink), for example Sinks.logger().',
      });
    }
    const unused = this.nodes.find((node) => node.kind !== 'sink' && this.readersOf(node).length === 0);
    if (unused !== undefined) {
      const name = names.get(unused)!;
      throw stageError(StageUnused, name, unused, {
        message: `nothing reads from stage "${name}"`,
        mend: 'Write it to a sink, use it in another stage, or remove it.',
      });
    }
    for (const node of this.nodes) if (node.kind === 'aggregate') this.#checkTime(node, names);
    return names;
  }

  #checkTime(node: GraphNode, names: ReadonlyMap<GraphNode, string>): void {
    if (node.kind !== 'aggregate' || node.window === undefined) return;
    const source = node.inputs.map((input) => timelessSource(input)).find((each) => each !== undefined);
    if (source === undefined) return;
    const name = names.get(node)!;
    throw stageError(WindowWithoutTimestamps, name, node, {
      message: `the window of stage "${name}" needs event times, and the rows of source "${names.get(source)!}" have none`,
      mend: 'Replace withoutTimestamps() by withTimestamps(row => row.time, lagMs) or withIngestionTimestamps().',
    });
  }
}

/** A source whose rows reach the node without an event time. */
function timelessSource(node: GraphNode): GraphNode | undefined {
  if (node.kind === 'source') return node.isTimestamped ? undefined : node;
  // Results of windows have the time of their window's end; what a processor of one's own does is not known.
  if (node.kind === 'timestamps' || (node.kind === 'aggregate' && node.window !== undefined)) return undefined;
  if (node.kind === 'operator' && node.operator.kind === 'custom') return undefined;
  // The sides of a hash join are only looked up.
  const inputs = node.kind === 'operator' && node.operator.kind === 'hash-join' ? node.inputs.slice(0, 1) : node.inputs;
  return inputs.map(timelessSource).find((source) => source !== undefined);
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}

/** An error about a stage, with its name and the user's line. */
export function stageError(
  code: ErrorCode,
  stage: string,
  node: Pick<GraphNode, 'at'>,
  text: { readonly message: string; readonly mend: string; readonly details?: Readonly<Record<string, unknown>> },
): MillraceError {
  const place = node.at === undefined ? '' : ` (${shortPlace(node.at)})`;
  return new MillraceError(code, {
    message: text.message + place,
    mend: text.mend,
    details: { ...text.details, stage, ...(node.at === undefined ? {} : { at: node.at }) },
  });
}

/** `job.ts:12` of `file:///home/ada/job.ts:12:5`. */
const shortPlace = (at: string): string => /([^/\\]+:\d+):\d+$/.exec(at)?.[1] ?? at;
