import type { LookupRequest, Refusals, TableLookup } from '@millrace/connector-contract';
import type { Partitioner, ProcessorSupplier } from '@millrace/engine';
import type {
  AccumulatorLayout,
  AggregateOperation,
  FusedStage,
  KeyOf,
  LoopMode,
  SinkDefinition,
  WindowDefinition,
} from '@millrace/operators';
import type { RecordPolicy } from '../refusals/record-policy.ts';

/** How many instances a node runs as on each member. `threads`: one for each engine thread. `inherit`: as many as its input. */
export type Parallelism = number | 'threads' | 'inherit';

interface NodeBase {
  /** Unique in the pipeline. Saved state is found by it. Set by `setName`. */
  name: string;
  readonly inputs: readonly GraphNode[];
  /** Set by `setLocalParallelism`. */
  parallelism: Parallelism;
}

export interface SourceNode extends NodeBase {
  readonly kind: 'source';
  /** Of a registered source. Absent: the first message that it cannot read fails the job. */
  readonly policy?: StagePolicy | undefined;
  readonly isBounded: boolean;
  readonly source: { readonly kind: 'processor'; readonly supplier: ProcessorSupplier } | RegisteredPart;
}

/** A source or sink that is registered with the cluster: only where the job runs are its connection and secrets known. */
export interface RegisteredPart {
  readonly kind: 'registered';
  /** Name it is registered under. */
  readonly definition: string;
  /** Options of the stage, for the connector's schema. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A stage without state. */
export interface FusedNode extends NodeBase {
  readonly kind: 'fused';
  /** What the user called it: `map`, `filter`, … */
  readonly label: string;
  readonly stage: FusedStage;
}

/** How rows come to an operator over one of its inputs. */
export type InputRouting =
  | { readonly kind: 'local' }
  | { readonly kind: 'keyed'; readonly keyOf: KeyOf }
  /** Keyed by a partitioner of its own (byte batches). */
  | { readonly kind: 'partitioned'; readonly partitioner: Partitioner }
  | { readonly kind: 'one' }
  /** Every row to every instance, and all of it before the other inputs. */
  | { readonly kind: 'broadcast'; readonly isFirst: boolean }
  | { readonly kind: 'spread' };

/** Makes the processor of a stage that looks rows up. `refusals`: where it puts records that it cannot take. */
export type LookupSupplier = (
  open: (signal: AbortSignal) => Promise<TableLookup>,
  refusals: Refusals | undefined,
) => ProcessorSupplier;

/** What becomes of records that a stage cannot take, and what their letters are called by; absent: the node's name. */
export interface StagePolicy extends RecordPolicy {
  readonly stage?: string | undefined;
  /** The registered sink that gets a copy of each letter. */
  readonly copyTo?: RegisteredPart | undefined;
}

/** A stage with state or with effects, as one processor. */
export interface OperatorNode extends NodeBase {
  readonly kind: 'operator';
  readonly label: string;
  readonly routings: readonly InputRouting[];
  readonly supplier: (mode: LoopMode, refusals?: Refusals) => ProcessorSupplier;
  /** Absent: the first record that it cannot take fails the job. */
  readonly policy?: StagePolicy | undefined;
  /** In place of `supplier` where registered sources are known: it looks something up in one. */
  readonly lookup?:
    | { readonly definition: string; readonly request: LookupRequest; readonly supplier: LookupSupplier }
    | undefined;
  /** In place of `supplier` where the job's module is known: it calls a function of it. */
  readonly module?: ((url: string, refusals: Refusals | undefined) => ProcessorSupplier) | undefined;
  /** Gives its rows event times. */
  readonly assignsTime?: boolean | undefined;
  /** Its rows must have event times. */
  readonly needsTime?: boolean | undefined;
  /** Its rows come out when answers come, whether or not others go in. */
  readonly emitsByItself?: boolean | undefined;
  /** It asks something outside, which may answer otherwise when it is asked again after a crash. */
  readonly asksOthers?: boolean | undefined;
  /** `false`: a thread of its own for each instance. */
  readonly isCooperative: boolean;
}

/** An aggregation: over a window, over everything (batch), in one or two stages as the planner sees fit. */
export interface AggregateNode extends NodeBase {
  readonly kind: 'aggregate';
  // biome-ignore lint/suspicious/noExplicitAny: the stage that makes it has checked the types
  readonly operation: AggregateOperation<any, any, any>;
  readonly layout: AccumulatorLayout;
  /** By input. Absent: the whole stream is one group. */
  readonly keyOfs: readonly KeyOf[] | undefined;
  /** Absent: everything, when the input ends. */
  readonly window: WindowDefinition | undefined;
  /** Rows too late for their windows are an output of their own, read by `LateNode`s. */
  readonly hasLateRows: boolean;
}

/** The late rows of an aggregation. */
export interface LateNode extends NodeBase {
  readonly kind: 'late';
  readonly of: AggregateNode;
}

/** Several streams as one. */
export interface MergeNode extends NodeBase {
  readonly kind: 'merge';
  /** Change events as bytes, not rows. */
  readonly isBytes?: boolean | undefined;
}

export interface SinkNode extends NodeBase {
  readonly kind: 'sink';
  /** Of a registered sink. Absent: the first record that it cannot take fails the job. */
  readonly policy?: StagePolicy | undefined;
  readonly sink:
    | { readonly kind: 'built'; readonly definition: SinkDefinition<never, never> }
    | { readonly kind: 'processor'; readonly supplier: ProcessorSupplier }
    | RegisteredPart;
}

export type GraphNode = SourceNode | FusedNode | OperatorNode | AggregateNode | LateNode | MergeNode | SinkNode;
