import { MillraceError } from '@millrace/kernel';
import type { ExecutionRequest, VertexState } from '../contract/execution.ts';
import { EVERY_INSTANCE, partitionOwner, type SnapshotEntry } from '../contract/snapshot.ts';
import { StateWithoutVertex } from '../errors.ts';
import type { Port, ThreadPlatform } from '../thread/thread-platform.ts';
import type { PlacedInstance, Placement } from './placement.ts';

/** What a thread needs to know of the job. */
export type JobFacts = Pick<ExecutionRequest, 'jobId' | 'jobName' | 'generation' | 'guarantee' | 'stateBytesMax'> & {
  readonly restoredSnapshotId: number | undefined;
};

export interface InstancePlan {
  readonly vertex: string;
  readonly globalIndex: number;
  readonly totalParallelism: number;
  /** Saved entries that are this instance's. */
  readonly entries: readonly SnapshotEntry[];
}

/** One end or both ends of a stream on this thread. */
export type StreamPlan = { readonly edge: number; readonly from: number; readonly to: number } & (
  | { readonly place: 'local' }
  | { readonly place: 'out' | 'in'; readonly port: Port }
);

/** One thread's share of an execution. */
export interface ThreadPlan {
  readonly job: JobFacts;
  readonly instances: readonly InstancePlan[];
  readonly streams: readonly StreamPlan[];
}

/**
 * Cuts a placement into one plan for each thread (by number; threads without a share are left out) and opens the channels of
 * streams between threads.
 * @throws MillraceError `engine.state_without_vertex`
 */
export function planThreads(
  placement: Placement,
  request: ExecutionRequest,
  platform: Pick<ThreadPlatform, 'openChannel'>,
): Map<number, ThreadPlan> {
  const { restore, jobId, jobName, generation, guarantee, stateBytesMax } = request;
  const job = { jobId, jobName, generation, guarantee, stateBytesMax, restoredSnapshotId: restore?.snapshotId };
  const state = stateByVertex(placement, restore?.state ?? []);
  const plans = new Map<number, { job: JobFacts; instances: InstancePlan[]; streams: StreamPlan[] }>();
  const planOf = (thread: number) => {
    const plan = plans.get(thread) ?? { job, instances: [], streams: [] };
    plans.set(thread, plan);
    return plan;
  };
  for (const instance of placement.instances) {
    const { vertex, globalIndex, totalParallelism, thread } = instance;
    const entries = (state.get(vertex) ?? []).filter((entry) => isOwner(instance, entry));
    planOf(thread).instances.push({ vertex, globalIndex, totalParallelism, entries });
  }
  for (const { edge, from, to, fromThread, toThread } of placement.streams) {
    if (fromThread === toThread) {
      planOf(fromThread).streams.push({ edge, from, to, place: 'local' });
      continue;
    }
    const { port1, port2 } = platform.openChannel();
    planOf(fromThread).streams.push({ edge, from, to, place: 'out', port: port1 });
    planOf(toThread).streams.push({ edge, from, to, place: 'in', port: port2 });
  }
  return plans;
}

const isOwner = ({ globalIndex, totalParallelism }: PlacedInstance, { partition }: SnapshotEntry): boolean =>
  partition === EVERY_INSTANCE || partitionOwner(partition, totalParallelism) === globalIndex;

function stateByVertex({ instances }: Placement, state: readonly VertexState[]): Map<string, readonly SnapshotEntry[]> {
  const names = new Set(instances.map((instance) => instance.vertex));
  for (const { vertex, entries } of state) {
    if (entries.length === 0 || names.has(vertex)) continue;
    throw new MillraceError(StateWithoutVertex, {
      message: `the snapshot holds ${entries.length} entries of vertex ${vertex}, which the DAG does not have`,
      mend: `Keep the vertex name ${vertex}, or start the job without its snapshot.`,
      details: { vertex, vertices: [...names] },
    });
  }
  return new Map(state.map(({ vertex, entries }) => [vertex, entries]));
}
