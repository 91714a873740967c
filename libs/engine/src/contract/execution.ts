import type { RowCounts } from './row-counts.ts';
import type { TapRequest, TapSample } from './sample.ts';
import type { SnapshotEntry } from './snapshot.ts';

/** What a worker thread imports to build the job's DAG: `export const buildDag: DagBuilder`. */
export type DagBuilder = (spec: unknown) => import('./dag.ts').Dag | Promise<import('./dag.ts').Dag>;

/** One execution of a job on this member. */
export interface ExecutionRequest {
  readonly jobId: string;
  readonly jobName: string;
  readonly generation: number;
  readonly guarantee: 'exactly-once' | 'at-least-once' | 'none';
  /** URL of the module with `buildDag`. */
  readonly dagModule: string;
  /** Plain data handed to `buildDag` on every thread. */
  readonly spec: unknown;
  /** Bytes of state that one instance may hold (`ProcessorContext.stateBytesMax`). Default: the engine's. */
  readonly stateBytesMax?: number | undefined;
  readonly restore: { readonly snapshotId: number; readonly state: readonly VertexState[] } | undefined;
}

/** The saved entries of one vertex (all instances together). */
export interface VertexState {
  readonly vertex: string;
  readonly entries: readonly SnapshotEntry[];
  /** Since the execution started; what a restored snapshot counted before is not among them. */
  readonly counts?: RowCounts | undefined;
}

/** Rows that one instance has put on one of its outgoing edges since the execution started. */
export interface EdgeRows {
  /** Number of the edge in the DAG. */
  readonly edge: number;
  readonly rows: number;
}

/** What waits for one instance on one of its incoming edges now. */
export interface QueueState {
  readonly edge: number;
  readonly rows: number;
  readonly rowsMax: number;
  /** Of the fullest queue of the edge, by rows or bytes: 0 to 1, more when a single batch is larger than its queue. */
  readonly fill: number;
}

/** How often a duration fell into each of `DURATION_BOUNDS_MS`; one more for what is longer than the last. */
export type DurationCounts = readonly number[];

/** Figures of one processor instance since the execution started. */
export interface InstanceMetrics {
  readonly vertex: string;
  readonly globalIndex: number;
  readonly rowsIn: number;
  readonly rowsOut: number;
  /** Time inside callbacks. */
  readonly busyMs: number;
  /** Time spent waiting because an edge had no room. */
  readonly blockedMs: number;
  /** The watermark it has passed on last, or has been given where it passes none on; absent before the first. */
  readonly watermarkMs?: number | undefined;
  readonly out: readonly EdgeRows[];
  readonly queues: readonly QueueState[];
  /** By the name the processor gave to `observe`. */
  readonly durations: Readonly<Record<string, DurationCounts>>;
  /** What the processor itself added and set. */
  readonly custom: Readonly<Record<string, number>>;
}

/** A running execution, as the coordinator drives it. */
export interface Execution {
  /** Resolves when every processor has completed; rejects with a `MillraceError` when one failed. Never resolves after `stop`. */
  readonly completion: Promise<void>;
  /** Lets the processors work. Called once, after everything is deployed and restored. */
  start(): void;
  /**
   * Injects barrier `snapshotId` at every source and resolves with the whole state when every processor has saved.
   * Rejects when the execution fails or stops first. One snapshot at a time.
   */
  takeSnapshot(snapshotId: number): Promise<readonly VertexState[]>;
  /** Phase two: `snapshotCommit` on every processor; resolves when all have. */
  commitSnapshot(snapshotId: number): Promise<void>;
  metrics(): Promise<readonly InstanceMetrics[]>;
  /**
   * Shows rows that cross edges to `onSample` until `untap`, without holding anything up.
   * @throws MillraceError what the module of the DAG says of the filter, `engine.dag_invalid` when it has no sampler
   */
  tap(request: TapRequest, onSample: (sample: TapSample) => void): Promise<void>;
  untap(id: string): Promise<void>;
  /** Edges of the DAG; their numbers are those of `EdgeRows` and `QueueState`. */
  readonly edges: readonly { readonly from: string; readonly to: string }[];
  /** Aborts and closes every processor and resolves when all are closed. Safe to call twice. */
  stop(): Promise<void>;
}

/** The engine on this member: a fixed number of worker threads that all jobs share. */
export interface Engine extends AsyncDisposable {
  readonly threadCount: number;
  /** Builds the DAG on the threads, runs `init`, restores; rejects when any of it fails (then nothing is left running). */
  deploy(request: ExecutionRequest): Promise<Execution>;
}
