/**
 * Rows of one vertex up to a snapshot: those before its barrier, and none behind. With aligned barriers they are exactly what the snapshot covers; without
 * (`at-least-once`) rows that came early are among them and are counted again after a restore, as they are delivered again.
 */
export interface RowCounts {
  readonly rowsIn: number;
  readonly rowsOut: number;
  /** What the processor itself counted of rows that went no further: set aside, skipped by the stage's policy, too late for their window. */
  readonly deadLetters: number;
  readonly skippedRows: number;
  readonly lateRows: number;
}

/** @param custom what the processor itself added */
export const countRows = (
  rowsIn: number,
  rowsOut: number,
  custom: { readonly get: (name: string) => number | undefined },
): RowCounts => ({
  rowsIn,
  rowsOut,
  deadLetters: custom.get('deadLetters') ?? 0,
  skippedRows: custom.get('skippedRows') ?? 0,
  lateRows: custom.get('lateRows') ?? 0,
});

export const addCounts = (a: RowCounts, b: RowCounts | undefined): RowCounts =>
  b === undefined
    ? a
    : {
        rowsIn: a.rowsIn + b.rowsIn,
        rowsOut: a.rowsOut + b.rowsOut,
        deadLetters: a.deadLetters + b.deadLetters,
        skippedRows: a.skippedRows + b.skippedRows,
        lateRows: a.lateRows + b.lateRows,
      };
