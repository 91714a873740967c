import type { Transferable } from 'node:worker_threads';
import { fromErrorRecord, MillraceError, toErrorRecord } from '@millrace/kernel';
import type { ExecutionRequest } from '../contract/execution.ts';
import { validateShape } from '../plan/dag-shape.ts';
import { placeInstances } from '../plan/placement.ts';
import { planThreads, type StreamPlan } from '../plan/thread-plan.ts';
import type { Port, ThreadPlatform } from '../thread/thread-platform.ts';
import type { EngineThread } from './engine-thread.ts';
import type { RunningExecution } from './running-execution.ts';

/** The threads an execution can be placed on. */
export interface ThreadPool {
  readonly shared: readonly EngineThread[];
  /** A thread that no other execution uses. */
  spawnOwn(): EngineThread;
  readonly platform: Pick<ThreadPlatform, 'openChannel'>;
}

const channelsOf = (streams: readonly StreamPlan[]) =>
  streams.flatMap((stream) => ('port' in stream ? [stream.port as Port & Transferable] : []));

/**
 * Plans an execution and builds it on the threads.
 * @throws MillraceError whatever any part of it threw first; then everything is closed.
 */
export async function deploy(execution: RunningExecution, request: ExecutionRequest, pool: ThreadPool): Promise<void> {
  const { dagModule, spec } = request;
  const shared = [...pool.shared];
  const base = leastLoaded(shared);
  const home = shared[base]!;
  home.setLoad(execution.id, 1);
  execution.join(home, { isOwn: false });
  try {
    const shape = await execution.unlessOver(home.request(execution.id, 'describe', { dagModule, spec }));
    validateShape(shape);
    const placement = placeInstances(shape, shared.length, base);
    const threads = [...shared];
    const plans = planThreads(placement, request, pool.platform);
    while (threads.length < placement.threadCount) threads.push(pool.spawnOwn());
    execution.planned({
      vertices: shape.vertices.map((vertex) => vertex.name),
      edges: shape.edges.map(({ from, to }) => ({ from, to })),
      instanceCount: placement.instances.length,
      threadCount: plans.size,
    });
    for (const [number, plan] of plans) {
      const thread = threads[number]!;
      execution.join(thread, { isOwn: number >= shared.length });
      thread.setLoad(execution.id, plan.instances.length);
    }
    const builds = [...plans].map(async ([number, plan]) => {
      const args = { dagModule, spec, plan };
      const built = await threads[number]!.request(execution.id, 'build', args, channelsOf(plan.streams));
      execution.prioritizes(built.prioritizing);
    });
    await execution.unlessOver(Promise.all(builds));
  } catch (error) {
    await execution.stop();
    throw error instanceof MillraceError ? error : fromErrorRecord(toErrorRecord(error));
  }
}

function leastLoaded(threads: readonly EngineThread[]): number {
  let best = 0;
  for (let index = 1; index < threads.length; index++) {
    if (threads[index]!.load < threads[best]!.load) best = index;
  }
  return best;
}
