import type { Partitioner, ProcessorSupplier } from '@millrace/engine';
import type { AccumulatorLayout, FusedStage, KeyOf, SinkDefinition, WindowDefinition } from '@millrace/operators';
import type { OperatorSpec } from './operator-spec.ts';

/** How many instances a node runs as on each member. `threads`: one for each engine thread. `inherit`: as many as its input. */
export type Parallelism = number | 'threads' | 'inherit';

interface NodeBase {
  /** What it is called unless `givenName` says otherwise: `map`, the name of a source, … */
  readonly label: string;
  /** Set by `setName`. Unique in the pipeline; saved state is found by it. */
  givenName?: string | undefined;
  readonly inputs: readonly GraphNode[];
  /** Set by `setLocalParallelism`. */
  parallelism: Parallelism;
  /** Where in the user's code it was made. */
  at?: string | undefined;
}

/** Options of a stage that uses a registered source or sink; its connector checks them. */
export interface DefinitionUse {
  readonly kind: 'definition';
  /** Name the source or sink is registered by. */
  readonly definition: string;
  readonly options: unknown;
}

export interface SourceNode extends NodeBase {
  readonly kind: 'source';
  readonly isBounded: boolean;
  readonly source: { readonly kind: 'processor'; readonly supplier: ProcessorSupplier } | DefinitionUse;
  /** Rows have event times as they come. */
  readonly isTimestamped: boolean;
}

/** Gives rows their event time. */
export interface TimestampsNode extends NodeBase {
  readonly kind: 'timestamps';
  readonly from: 'fn' | 'ingestion' | 'native';
  // biome-ignore lint/suspicious/noExplicitAny: the stage that makes it has checked the type
  readonly timestampOf: ((row: any) => number) | undefined;
  readonly allowedLagMs: number;
  readonly idleMs: number;
}

/** A stage without state: goes into the loop of its region. */
export interface FusedNode extends NodeBase {
  readonly kind: 'fused';
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
  | { readonly kind: 'broadcast' }
  | { readonly kind: 'spread' };

/** A stage with state or with effects. */
export interface OperatorNode extends NodeBase {
  readonly kind: 'operator';
  readonly operator: OperatorSpec;
  /** By input. */
  readonly routings: readonly InputRouting[];
}

/** An aggregation: over a window, over everything (batch), in one or two stages as the planner sees fit. */
export interface AggregateNode extends NodeBase {
  readonly kind: 'aggregate';
  readonly layout: AccumulatorLayout;
  /** By input. Absent: the whole stream is one group. */
  readonly keyOfs: readonly KeyOf[] | undefined;
  /** Absent: everything, when the input ends. */
  readonly window: WindowDefinition | undefined;
  /** Rows too late for their windows are an output of their own, read by a `LateNode`. */
  readonly hasLateRows: boolean;
}

/** The late rows of an aggregation, its only input. */
export interface LateNode extends NodeBase {
  readonly kind: 'late';
}

/** Several streams as one. */
export interface MergeNode extends NodeBase {
  readonly kind: 'merge';
}

export interface SinkNode extends NodeBase {
  readonly kind: 'sink';
  readonly sink:
    | { readonly kind: 'built'; readonly definition: SinkDefinition<never, never> }
    | { readonly kind: 'processor'; readonly supplier: ProcessorSupplier }
    | DefinitionUse;
  /** Rows of a key have to arrive in order. */
  readonly needsOrder: boolean;
}

export type GraphNode =
  | SourceNode
  | TimestampsNode
  | FusedNode
  | OperatorNode
  | AggregateNode
  | LateNode
  | MergeNode
  | SinkNode;
