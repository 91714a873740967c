import { errorCode, MillraceError } from '@millrace/kernel';
import type { GraphNode } from '../graph/graph-node.ts';
import type { PipelineGraph } from '../graph/pipeline-graph.ts';
import { reachableFrom } from '../graph/reachable.ts';
import type { RegisteredSuppliers } from './plan-graph.ts';

const UnsteadyLetters = errorCode('pipeline.unsteady_letters', {
  domain: 'user',
  retry: 'never',
  title: 'Records that are set aside could be lost',
});

/** What is wrong with dead letters of a stage that asks others, before such a sink, and what helps. */
export const unsteadyLetters = (stage: string, sink: string) => ({
  code: UnsteadyLetters.code,
  message: `stage "${stage}" sets records aside by what it was answered, and the sink "${sink}" shows rows before the letters are kept: after a crash a record that is answered otherwise would be in neither`,
  mend: 'Give the sink a mode that shows rows with the snapshot (append, or commit: snapshot), or the stage onError: fail with more retries, or onError: skip if such records may be missing.',
});

/**
 * Letters become permanent with the snapshot. A sink that is ahead of it skips what it has passed when that comes again; a record that was refused before
 * the crash and is taken after it would be skipped there, with its letter gone. Stages that only compute refuse the same again.
 * @throws MillraceError `pipeline.unsteady_letters`
 */
export function refuseUnsteadyLetters(graph: PipelineGraph, registered: RegisteredSuppliers): void {
  const isAhead = (node: GraphNode): boolean =>
    node.kind === 'sink' && node.sink.kind === 'registered' && registered.skipsWhatItPassed(node.sink);
  for (const node of graph.nodes) {
    if (node.kind !== 'operator' || node.asksOthers !== true || node.policy?.action !== 'dead-letter') continue;
    const sink = reachableFrom<GraphNode>(node, (each) => graph.readersOf(each)).find(isAhead)?.name;
    if (sink === undefined) continue;
    const { message, mend } = unsteadyLetters(node.name, sink);
    throw new MillraceError(UnsteadyLetters, { message, mend, details: { stage: node.name, sink } });
  }
}
