import type { Routing } from '../contract/dag.ts';
import type { DagShape, EdgeShape } from './dag-shape.ts';

export interface PlacedInstance {
  readonly vertex: string;
  readonly globalIndex: number;
  readonly totalParallelism: number;
  /** Below the number of shared threads: that thread; above: a thread of its own. */
  readonly thread: number;
}

/** A stream from one instance to another over one edge. */
export interface PlacedStream {
  /** Index into the DAG's edges. */
  readonly edge: number;
  readonly from: number;
  readonly to: number;
  readonly fromThread: number;
  readonly toThread: number;
}

export interface Placement {
  readonly instances: readonly PlacedInstance[];
  /** Sorted by edge, then by `from`, then by `to`. */
  readonly streams: readonly PlacedStream[];
  /** Shared threads plus one for each instance that is not cooperative. */
  readonly threadCount: number;
}

/**
 * Puts instance i of every vertex on shared thread `(base + i) % sharedThreads`: a pipeline without parallelism stays on one
 * thread and `base` spreads the jobs. Instances that are not cooperative get threads of their own after the shared ones.
 */
export function placeInstances(shape: DagShape, sharedThreads: number, base: number): Placement {
  let threadCount = sharedThreads;
  const instances: PlacedInstance[] = [];
  const threadsOf = new Map<string, number[]>();
  for (const { name, localParallelism, isCooperative } of shape.vertices) {
    const threads: number[] = [];
    for (let index = 0; index < localParallelism; index++) {
      const thread = isCooperative ? (base + index) % sharedThreads : threadCount++;
      threads.push(thread);
      instances.push({ vertex: name, globalIndex: index, totalParallelism: localParallelism, thread });
    }
    threadsOf.set(name, threads);
  }
  const streams = shape.edges.flatMap((edge, index) => placeStreams(edge, index, threadsOf));
  return { instances, streams, threadCount };
}

function placeStreams(edge: EdgeShape, index: number, threadsOf: ReadonlyMap<string, number[]>): PlacedStream[] {
  const fromThreads = threadsOf.get(edge.from)!;
  const toThreads = threadsOf.get(edge.to)!;
  return fromThreads.flatMap((fromThread, from) =>
    destinations(edge.routing, from, toThreads.length).map((to) => ({
      edge: index,
      from,
      to,
      fromThread,
      toThread: toThreads[to]!,
    })),
  );
}

function destinations(routing: Routing['kind'], from: number, count: number): number[] {
  if (routing === 'isolated') return [from];
  if (routing === 'all-to-one') return [0];
  return Array.from({ length: count }, (_, to) => to);
}
