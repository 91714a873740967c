import { median } from '../harness/result.ts';
import { type Board, TIME, timeMs } from './board.ts';
import { hex } from './events.ts';
import { HISTOGRAM_BUCKETS, percentile } from './histogram.ts';
import { countsChecksum, type Outcome } from './reference.ts';
import type { Latency } from './run-report.ts';
import { PARALLELISM, type Workload } from './workloads.ts';

/** From the first source's start to the last sink's end. */
export const secondsOf = (board: Board): number =>
  (timeMs(board, TIME.lastSink) - timeMs(board, TIME.firstSource)) / 1_000;

export function outcomeOf(board: Board, workload: Workload): Outcome {
  const instances = Array.from({ length: PARALLELISM }, (_, index) => index);
  const outputs = instances.reduce((total, index) => total + board.totals[2 * index]!, 0);
  const sum = instances.reduce((total, index) => total + board.totals[2 * index + 1]!, 0);
  const checksum = hex(instances.reduce((total, index) => (total + board.checksums[index]!) | 0, 0));
  if (workload.pipeline !== 'rolling') return { outputs, sum, checksum };
  // Restarts write some counts twice: what counts is what each key has come to.
  const counted = board.keyCounts.reduce((total, count) => total + count, 0);
  return { outputs: counted, sum: counted, checksum: countsChecksum(board.keyCounts) };
}

export function latencyOf(board: Board, { warmSeconds, measuredSeconds }: Workload): Latency {
  const buckets = board.latencies.slice(0, HISTOGRAM_BUCKETS);
  for (let index = 1; index < PARALLELISM; index++) {
    for (let at = 0; at < HISTOGRAM_BUCKETS; at++) buckets[at]! += board.latencies[index * HISTOGRAM_BUCKETS + at]!;
  }
  const windows = warmSeconds + measuredSeconds + 1;
  const lasts = Array.from({ length: measuredSeconds }, (_, index) => {
    const window = warmSeconds + 1 + index;
    return Math.max(...Array.from({ length: PARALLELISM }, (__, sink) => board.lastOfWindow[sink * windows + window]!));
  });
  const ms = (percent: number) => percentile(buckets, percent) / 1_000;
  return {
    count: buckets.reduce((total, count) => total + count, 0),
    p50: ms(50),
    p90: ms(90),
    p99: ms(99),
    p999: ms(99.9),
    p9999: ms(99.99),
    max: Math.max(...board.longest),
    lastOfWindowP50: median(lasts),
  };
}
