import { HISTOGRAM_BUCKETS } from './histogram.ts';
import { PARALLELISM, type Workload } from './workloads.ts';

/**
 * What the processors of the running job report, in memory that all threads share (the yardstick has static fields of its one JVM).
 * Instances write only to places of their own, except for the clock's.
 */
export interface Board {
  /** Nanoseconds of the monotonic clock, by `TIME`. */
  readonly times: BigInt64Array;
  /** By sink instance: outputs and sum of counts. */
  readonly totals: Float64Array;
  /** By sink instance. */
  readonly checksums: Int32Array;
  /** By sink instance: counts of microseconds. */
  readonly latencies: Int32Array;
  /** By sink instance and window: latency of its last result in milliseconds. */
  readonly lastOfWindow: Float64Array;
  /** By sink instance: the longest latency in milliseconds. */
  readonly longest: Float64Array;
  /** The newest count of each key, in the workload that counts without windows. */
  readonly keyCounts: Int32Array;
}

export const TIME = {
  firstSource: 0,
  /** When event 0 is due. Set once, so that a restarted job goes on with the same schedule. */
  scheduleStart: 1,
  lastSink: 2,
  /** Of the present execution. */
  firstOutput: 3,
  caughtUp: 4,
} as const;

const TIMES = 5;
/** A paced source starts so long after it has come up. */
const HEAD_START_NS = 500_000_000n;

export const now = (): bigint => process.hrtime.bigint();
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export function newBoard(workload: Workload): Board {
  const shared = (bytes: number) => new SharedArrayBuffer(Math.max(8, bytes));
  const windows = workload.warmSeconds + workload.measuredSeconds + 1;
  return {
    times: new BigInt64Array(shared(8 * TIMES)),
    totals: new Float64Array(shared(16 * PARALLELISM)),
    checksums: new Int32Array(shared(4 * PARALLELISM)),
    latencies: new Int32Array(shared(workload.measuredSeconds > 0 ? 4 * PARALLELISM * HISTOGRAM_BUCKETS : 0)),
    lastOfWindow: new Float64Array(shared(8 * PARALLELISM * windows)),
    longest: new Float64Array(shared(8 * PARALLELISM)),
    keyCounts: new Int32Array(shared(workload.pipeline === 'rolling' ? 4 * workload.keys : 0)),
  };
}

const setOnce = (board: Board, time: number, value: bigint): void => {
  Atomics.compareExchange(board.times, time, 0n, value);
};

export function sourceStarted(board: Board): void {
  const at = now();
  setOnce(board, TIME.firstSource, at);
  setOnce(board, TIME.scheduleStart, at + HEAD_START_NS);
}

export const sourceCaughtUp = (board: Board): void => setOnce(board, TIME.caughtUp, now());
export const outputSeen = (board: Board): void => setOnce(board, TIME.firstOutput, now());

export function sinkDone(board: Board): void {
  const at = now();
  for (;;) {
    const before = Atomics.load(board.times, TIME.lastSink);
    if (before >= at || Atomics.compareExchange(board.times, TIME.lastSink, before, at) === before) return;
  }
}

/** Before another execution: its first output and catching up are to be seen. */
export function forgetProgress(board: Board): void {
  Atomics.store(board.times, TIME.firstOutput, 0n);
  Atomics.store(board.times, TIME.caughtUp, 0n);
}

export const timeMs = (board: Board, time: number): number => Number(Atomics.load(board.times, time)) / 1e6;
