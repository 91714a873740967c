/**
 * What the engine may keep in columns instead of one object for each key: a closed set, because only the engine's generator
 * writes code. An operation that has none is kept as an object for each key.
 */
// biome-ignore-start lint/suspicious/noExplicitAny: the row type is the operation's
export type Primitive =
  | { readonly kind: 'count' }
  /** A sum of numbers; exact while it stays an integer within 2^53. */
  | { readonly kind: 'sum'; readonly of: (row: any) => number }
  /** Mean of numbers; `NaN` of none. */
  | { readonly kind: 'average'; readonly of: (row: any) => number }
  /** Least or greatest number; exported as `undefined` when there was none. */
  | { readonly kind: 'min' | 'max'; readonly of: (row: any) => number }
  /** The rows themselves, in order of arrival, or what `of` makes of them. */
  | { readonly kind: 'list'; readonly of?: ((row: any) => unknown) | undefined };
// biome-ignore-end lint/suspicious/noExplicitAny: see above

/**
 * How rows become a result (Jet's AggregateOperation). `Accumulator` must survive structured clone: plain data, `Map`, `Set`,
 * typed arrays, `Date`, BigInt. The functions must be deterministic and touch nothing else.
 * `Rows` is the tuple of row types, one for each input of a co-aggregation.
 */
export interface AggregateOperation<Rows extends readonly unknown[], Accumulator, Result> {
  /** A fresh accumulator, of no rows. */
  readonly create: () => Accumulator;
  /** By input: the accumulator with one more row. May change and return the one given, or return another. */
  readonly accumulate: {
    readonly [Input in keyof Rows]: (accumulator: Accumulator, row: Rows[Input]) => Accumulator;
  };
  /** Both together; may change and return `left`, never `right`. Absent: no two-stage aggregation, and no sessions. */
  readonly combine?: ((left: Accumulator, right: Accumulator) => Accumulator) | undefined;
  /** Takes away what `combine` added; lets a sliding window keep a running total instead of combining all its frames. */
  readonly deduct?: ((left: Accumulator, right: Accumulator) => Accumulator) | undefined;
  /** The result; must not change the accumulator, which goes on living (sliding windows, early results). */
  readonly finish: (accumulator: Accumulator) => Result;
  /** By input, where columns can stand for the accumulator; then `shape` says how the primitives' results make the result. */
  readonly columns?: ColumnPlan<Result> | undefined;
}

/** An aggregate operation as columns: `result` gets the results of all primitives in the order they are listed. */
export interface ColumnPlan<Result> {
  readonly primitives: readonly { readonly input: number; readonly primitive: Primitive }[];
  /** `undefined`: the only primitive's result is the result. */
  readonly result?: ((...values: readonly never[]) => Result) | undefined;
}

export type AggregateOperation1<Row, Accumulator, Result> = AggregateOperation<readonly [Row], Accumulator, Result>;
