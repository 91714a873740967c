/** Names by which a terminal's code refers to things of the loop. */
export interface LoopNames {
  /** The row that has come through all stages. */
  readonly row: string;
  /** Its event time, a number; `NaN` where no stage has assigned one. */
  readonly time: string;
  /** The number of the input's row that this is, unchanged; `undefined` where it may be another or has been made of nulls. */
  readonly index: string | undefined;
  /** The terminal's argument with this index. */
  readonly argument: (index: number) => string;
}

/**
 * Where the rows of a loop go, in both forms: as code for the generated loop and as a function for the interpreter. Code may hold
 * nothing that a user has written: what comes from a user is an argument.
 */
export interface LoopTerminal {
  readonly args: readonly unknown[];
  /** `before` and `after` run once for each call of the loop (they may declare and store locals), `row` for each row. */
  code(names: LoopNames): { readonly before?: string; readonly row: string; readonly after?: string };
  receive(row: unknown, timeMs: number): void;
  /** After so many rows the loop returns before its input is used up. Only asked when a stage can make many rows of one. */
  readonly isFull?: boolean;
}
