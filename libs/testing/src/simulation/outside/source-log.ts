import type { Findings } from '../findings.ts';

/** Rows of one source, by split, as its system keeps them: those that have been acknowledged are forgotten. */
export class SourceLog<Row = unknown> {
  readonly name: string;
  readonly splits: readonly (readonly Row[])[];
  readonly #findings: Findings;
  readonly #forgotten: number[];

  constructor(name: string, splits: readonly (readonly Row[])[], findings: Findings) {
    this.name = name;
    this.splits = splits;
    this.#findings = findings;
    this.#forgotten = splits.map(() => 0);
  }

  /** Everything below `position` may go. */
  acknowledge(split: number, position: number): void {
    this.#forgotten[split] = Math.max(this.#forgotten[split]!, position);
  }

  /**
   * A row.
   * @param isOwner whether the reader owns the job; one that was superseded without knowing it may come too late
   * @throws Error when the row has been forgotten
   */
  read(split: number, position: number, isOwner: boolean): Row {
    const forgotten = this.#forgotten[split]!;
    if (position < forgotten) {
      const what = `${this.name}: row ${position} of split ${split} is asked for, and ${forgotten} was acknowledged`;
      if (isOwner) this.#findings.add('INV-1', what);
      throw new Error(`simulated: ${what}`);
    }
    return this.splits[split]![position]!;
  }
}
