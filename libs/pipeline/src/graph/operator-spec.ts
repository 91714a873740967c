import type { ProcessorSupplier } from '@millrace/engine';
import type { AccumulatorLayout, Key, KeyOf } from '@millrace/operators';

// Row types are checked by the stages that make these: a graph cannot carry the types between its nodes.
// biome-ignore-start lint/suspicious/noExplicitAny: see above

/** `map`: one row or none (`undefined`), `filter`: the row or not, `flatMap`: any number. */
export type Manner = 'map' | 'filter' | 'flatMap';

/** One bounded side of a hash join. */
export interface JoinSide {
  /** Key of a row of the stream, and of a row of the side. */
  readonly leftKeyOf: KeyOf;
  readonly rightKeyOf: KeyOf;
  /** What of a side's row is kept. */
  readonly project: ((row: any) => unknown) | undefined;
  /** A row of the stream without a match on this side is dropped. */
  readonly isInner: boolean;
}

/** What a service may know of where it runs. */
export interface ServiceContext {
  readonly jobName: string;
  readonly vertex: string;
  readonly globalIndex: number;
  readonly totalParallelism: number;
  /** Aborted when the execution stops. */
  readonly signal: AbortSignal;
}

/** A connection, client, model, …: one for each instance of the stage, made when the job starts and destroyed when it ends. */
export interface ServiceFactory<Service> {
  create(context: ServiceContext): Service | Promise<Service>;
  destroy?: ((service: Service) => void | Promise<void>) | undefined;
}

/** How often and how a failed call is made again. */
export interface RetryOptions {
  /** Calls in all, the first included. */
  readonly attemptsMax: number;
  /** Pause before the second call, doubled each time up to `delayMsMax`. */
  readonly delayMsMin?: number | undefined;
  readonly delayMsMax?: number | undefined;
}

export interface AsyncOptions {
  /** Calls under way at once in each instance. Default 16. */
  readonly concurrency?: number | undefined;
  /** Results leave in the order of the rows. Default `true`. */
  readonly ordered?: boolean | undefined;
  /** A call that takes longer counts as failed, and its signal is aborted. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Default: a failed call fails the job. */
  readonly retry?: RetryOptions | undefined;
}

/** Look-ups that were made are kept: at most so many, so long. */
export interface CacheOptions {
  readonly entriesMax: number;
  readonly ttlMs: number;
}

/** What a stage with state or effects does. Its functions are the user's. */
export type OperatorSpec =
  | {
      readonly kind: 'stateful';
      readonly manner: Manner;
      readonly keyOf: KeyOf | undefined;
      readonly create: () => unknown;
      readonly apply: (state: any, key: any, row: any) => unknown;
      readonly ttlMs: number | undefined;
      readonly onEvict: ((state: any, key: any, timeMs: number) => unknown) | undefined;
    }
  | { readonly kind: 'rolling'; readonly keyOf: KeyOf | undefined; readonly layout: AccumulatorLayout }
  | { readonly kind: 'distinct'; readonly keyOf: KeyOf; readonly ttlMs: number | undefined }
  | {
      readonly kind: 'hash-join';
      readonly sides: readonly JoinSide[];
      readonly join: (row: any, ...matches: any[]) => unknown;
    }
  | {
      readonly kind: 'service';
      readonly manner: Manner;
      readonly service: ServiceFactory<any>;
      readonly apply: (service: any, row: any) => unknown;
    }
  | {
      readonly kind: 'async';
      readonly manner: Manner;
      readonly service: ServiceFactory<any> | undefined;
      readonly apply: (service: any, row: any, signal: AbortSignal) => Promise<unknown>;
      readonly options: AsyncOptions;
    }
  | {
      readonly kind: 'enrich';
      readonly keyOf: KeyOf;
      readonly service: ServiceFactory<any> | undefined;
      readonly lookup: (service: any, keys: readonly Key[], signal: AbortSignal) => Promise<readonly unknown[]>;
      readonly cache: CacheOptions;
      readonly join: (row: any, value: any) => unknown;
      readonly options: AsyncOptions;
    }
  | { readonly kind: 'sort'; readonly compare: (left: any, right: any) => number }
  | { readonly kind: 'custom'; readonly supplier: ProcessorSupplier; readonly isStateful: boolean }
  /** Nothing but another distribution of the rows. */
  | { readonly kind: 'rebalance' };
// biome-ignore-end lint/suspicious/noExplicitAny: see above
