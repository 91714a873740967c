import type { ErrorRecord } from '@millrace/kernel';
import type { InstanceMetrics } from '../contract/execution.ts';
import type { RowCounts } from '../contract/row-counts.ts';
import type { TapRequest, TapSample } from '../contract/sample.ts';
import type { SnapshotEntry } from '../contract/snapshot.ts';
import type { DagShape } from '../plan/dag-shape.ts';
import type { ThreadPlan } from '../plan/thread-plan.ts';

/** What the main thread asks of a worker thread, always about one execution: arguments and answer of each command. */
export interface Commands {
  /** Imports the module, builds the DAG and describes it. */
  describe: { args: { readonly dagModule: string; readonly spec: unknown }; result: DagShape };
  /** Makes this thread's instances, runs `init`, restores. */
  build: {
    args: { readonly dagModule: string; readonly spec: unknown; readonly plan: ThreadPlan };
    result: BuildResult;
  };
  start: { args: undefined; result: undefined };
  /** Announces a snapshot; the instances answer with `saved` events. */
  snapshot: { args: number; result: undefined };
  commit: { args: number; result: undefined };
  metrics: { args: undefined; result: readonly InstanceMetrics[] };
  /** Answers with `sampled` events until `untap`. */
  tap: { args: { readonly dagModule: string; readonly request: TapRequest }; result: undefined };
  untap: { args: string; result: undefined };
  /** Aborts and closes; answers with what went wrong in closing. */
  close: { args: undefined; result: readonly ErrorRecord[] };
}

export interface BuildResult {
  /** Instances that read a higher priority first; each sends `priorityDone` once. */
  readonly prioritizing: number;
}

export type CommandKind = keyof Commands;

export interface Request<Kind extends CommandKind = CommandKind> {
  readonly id: number;
  readonly execution: string;
  readonly kind: Kind;
  readonly args: Commands[Kind]['args'];
}

/** A run of a processor that held up its thread. */
export interface SlowRun {
  readonly vertex: string;
  readonly globalIndex: number;
  /** The last callback of the run. */
  readonly callback: string;
  readonly durationMs: number;
}

/** What an execution's share on a thread reports on its own. */
export type ExecutionEvent =
  | { readonly kind: 'failed'; readonly error: ErrorRecord }
  | { readonly kind: 'completed' }
  | { readonly kind: 'priorityDone' }
  | ({ readonly kind: 'slow' } & SlowRun)
  | { readonly kind: 'sampled'; readonly sample: TapSample }
  | {
      readonly kind: 'saved';
      readonly snapshotId: number;
      readonly vertex: string;
      readonly globalIndex: number;
      readonly entries: readonly SnapshotEntry[];
      readonly counts: RowCounts;
    };

export type ThreadMessage =
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: ErrorRecord }
  | { readonly kind: 'event'; readonly execution: string; readonly event: ExecutionEvent };
