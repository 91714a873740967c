import { median } from '../harness/result.ts';
import type { MeasuredRun } from './run-report.ts';
import type { Workload } from './workloads.ts';

/** One figure of both sides: the median of all runs, and every run. */
export interface Comparison {
  readonly ours: number;
  readonly jet: number;
  /** Ours ÷ Jet's. */
  readonly ratio: number;
  readonly oursRuns: readonly number[];
  readonly jetRuns: readonly number[];
}

type Figure = (run: MeasuredRun) => number | undefined;

const LATENCY: Readonly<Record<string, Figure>> = {
  p50: (run) => run.latency?.p50,
  p90: (run) => run.latency?.p90,
  p99: (run) => run.latency?.p99,
  p999: (run) => run.latency?.p999,
  p9999: (run) => run.latency?.p9999,
  max: (run) => run.latency?.max,
  lastOfWindowP50: (run) => run.latency?.lastOfWindowP50,
};

const SNAPSHOT: Readonly<Record<string, Figure>> = {
  snapshotMs: (run) => run.snapshots?.medianMs,
  snapshotMaxMs: (run) => run.snapshots?.maxMs,
  snapshotBytes: (run) => run.snapshots?.bytes,
};

const middle = (values: readonly number[] | undefined) =>
  values === undefined || values.length === 0 ? undefined : median(values);

const RESTART: Readonly<Record<string, Figure>> = {
  restartMs: (run) => middle(run.restarts?.restartMs),
  caughtUpMs: (run) => middle(run.restarts?.caughtUpMs),
  suspendMs: (run) => middle(run.restarts?.suspendMs),
  resumeMs: (run) => middle(run.restarts?.resumeMs),
};

const PROCESS: Readonly<Record<string, Figure>> = {
  rssPeakBytes: (run) => run.rssPeakBytes,
  cpuSeconds: (run) => (run.cpuSeconds > 0 ? run.cpuSeconds : undefined),
};

function figuresOf(workload: Workload): Readonly<Record<string, Figure>> {
  if (workload.pipeline === 'rolling') return { ...SNAPSHOT, ...RESTART, ...PROCESS };
  if (workload.rate > 0) return { ...LATENCY, ...SNAPSHOT, ...PROCESS };
  return { rate: (run) => run.rate, ...PROCESS };
}

/** Everything that both sides have a figure of. */
export function compare(
  workload: Workload,
  ours: readonly MeasuredRun[],
  jet: readonly MeasuredRun[],
): Readonly<Record<string, Comparison>> {
  const compared: Record<string, Comparison> = {};
  for (const [name, figure] of Object.entries(figuresOf(workload))) {
    const [oursRuns, jetRuns] = [ours, jet].map((runs) => runs.map(figure).filter((value) => value !== undefined));
    if (oursRuns!.length === 0 || jetRuns!.length === 0) continue;
    const [a, b] = [median(oursRuns!), median(jetRuns!)];
    compared[name] = { ours: a, jet: b, ratio: b === 0 ? Number.NaN : a / b, oursRuns: oursRuns!, jetRuns: jetRuns! };
  }
  return compared;
}
