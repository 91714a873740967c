/** What one process, ours or the yardstick's, reports of one workload. */
export interface RunReport {
  readonly workload: string;
  readonly n: number;
  /** From the first source's start to the last sink's end; the median of the measured runs. */
  readonly seconds: number;
  /** Events a second, of the same run. */
  readonly rate: number;
  /** Seconds of each measured run. */
  readonly runs: readonly number[];
  /** CPU seconds of the process during that run; in paced workloads of all of it. */
  readonly cpuSeconds: number;
  readonly outputs: number;
  readonly sum: number;
  readonly checksum: string;
  readonly latency?: Latency | undefined;
  readonly snapshots?: Snapshots | undefined;
  readonly restarts?: Restarts | undefined;
}

/** Milliseconds; of the results of all measured windows. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
  readonly max: number;
  /** Median of the last result of each window. */
  readonly lastOfWindowP50: number;
}

/** Times are those until the whole state was saved. */
export interface Snapshots {
  readonly count: number;
  readonly medianMs: number;
  readonly maxMs: number;
  /** Median with the second phase; the yardstick does not say it. */
  readonly committedMedianMs?: number | undefined;
  /** Of the last one. */
  readonly bytes: number;
}

/** Milliseconds, three of each. */
export interface Restarts {
  /** From the call (which takes a last snapshot) to the first output of the new execution. */
  readonly restartMs: readonly number[];
  /** To the source having caught up with its schedule. */
  readonly caughtUpMs: readonly number[];
  /** From the call to being suspended, with a last snapshot. */
  readonly suspendMs: readonly number[];
  /** From the call to the first output of the new execution. */
  readonly resumeMs: readonly number[];
}

/** What was seen of a process from outside, so that both sides are measured alike. */
export interface ProcessFigures {
  /** Highest resident set. */
  readonly rssPeakBytes: number;
  /** Of its whole life, with starting up and warming up. */
  readonly processCpuSeconds: number;
  /** Share of all cores that other processes burnt meanwhile. */
  readonly foreignLoad: number;
}

export interface MeasuredRun extends RunReport, ProcessFigures {}
