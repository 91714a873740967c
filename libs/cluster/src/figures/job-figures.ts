import type { JobStatus } from '../job-status.ts';

/** A committed snapshot and how long its parts took. */
export interface SnapshotFigures {
  readonly id: number;
  readonly generation: number;
  /** Wall clock, milliseconds since 1970: when the barrier left. */
  readonly takenAt: number;
  /** From the barrier to the end of phase two. */
  readonly durationMs: number;
  /** Until every instance had met the barrier and saved. */
  readonly alignMs: number;
  /** Until record and witness were durable. */
  readonly writeMs: number;
  /** Phase two: until the sinks showed what it covers. */
  readonly commitMs: number;
  /** Encoded state. */
  readonly bytes: number;
}

/** A vertex, its instances together. Rates are of the last `RATE_WINDOW_MS`. */
export interface VertexFigures {
  readonly vertex: string;
  readonly instances: number;
  /** No edge leads to it, or from it. */
  readonly isSource: boolean;
  readonly isSink: boolean;
  /** Since the execution started. */
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly rowsInPerSecond: number;
  readonly rowsOutPerSecond: number;
  /** Time inside callbacks. */
  readonly busyMs: number;
  /** Share of its instances' time inside callbacks, 0 to 1. */
  readonly busy: number;
  /** Share of its instances' time spent waiting for room on an edge: back-pressure from downstream, 0 to 1. */
  readonly blocked: number;
  /** Of its fullest input queue now, 0 to 1 (more with a batch larger than its queue); absent of a source. */
  readonly queueFill: number | undefined;
  /** Event time that every instance has reached, milliseconds since 1970; absent without watermarks. */
  readonly watermarkMs: number | undefined;
  /** Where the stage tells. */
  readonly stateBytes: number | undefined;
  readonly keys: number | undefined;
  /** Records it set aside in this execution. */
  readonly deadLetters: number;
  /** What the processors themselves added and set. */
  readonly custom: Readonly<Record<string, number>>;
}

/** An edge, its queues together. */
export interface EdgeFigures {
  /** Number in the DAG. */
  readonly edge: number;
  readonly from: string;
  readonly to: string;
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly queuedRows: number;
  readonly queueRowsMax: number;
  /** Of its fullest queue now. */
  readonly fill: number;
}

/** How far behind the source what the sinks show is. */
export interface LagFigures {
  /**
   * `sink`: from the commit at the source to the commit at the sink, of transactions of the last minute. `source`: nothing was shown lately, or no
   * sink tells; how far the source is behind its system.
   */
  readonly of: 'sink' | 'source';
  /** Median of the last `RATE_WINDOW_MS`, or what the source says. */
  readonly nowMs: number | undefined;
  /** Of the last minute. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** WAL the sources have still to read, where they say. */
  readonly bytes: number | undefined;
}

/** Rows that came from the sources and went into the sinks. */
export interface FlowFigures {
  readonly in: number;
  readonly out: number;
  readonly inPerSecond: number;
  readonly outPerSecond: number;
}

/** What a member tells about a job it runs, once a second (`figuresKey`). */
export interface JobFigures {
  readonly jobId: string;
  readonly jobName: string;
  readonly status: JobStatus;
  readonly generation: number;
  /** Wall clock: when this execution began to run. */
  readonly startedAt: number;
  /** Executions this member has begun for the job since it took it, the present one included. */
  readonly attempts: number;
  /** The newest committed snapshot; absent before the first. */
  readonly snapshot: (SnapshotFigures & { readonly ageMs: number }) | undefined;
  readonly flow: FlowFigures;
  readonly lag: LagFigures;
  readonly vertices: readonly VertexFigures[];
  readonly edges: readonly EdgeFigures[];
  /** Name of the member. */
  readonly member: string;
  /** Wall clock, milliseconds since 1970. */
  readonly at: number;
}

/** Rates and shares are of the last so many milliseconds. */
export const RATE_WINDOW_MS = 5_000;
/** Quantiles of the lag are of the last so many milliseconds. */
export const LAG_WINDOW_MS = 60_000;
