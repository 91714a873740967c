/**
 * A stateless stage over rows, as the array method of the same name. Rows are plain values and frozen by convention: a
 * stage makes new ones. A row keeps its event time through all of these.
 */
// biome-ignore-start lint/suspicious/noExplicitAny: a list of stages cannot carry the types between them
export type RowStage =
  | { readonly map: (row: any) => unknown }
  | { readonly filter: (row: any) => boolean }
  | { readonly flatMap: (row: any) => Iterable<unknown> }
  /** Looks at each row and lets it pass. */
  | { readonly peek: (row: any, timeMs: number | undefined) => void };
// biome-ignore-end lint/suspicious/noExplicitAny: see above

/** Whether stages run as one generated loop or through the interpreter, the reference with the same semantics. */
export type LoopMode = 'generated' | 'interpreted';
