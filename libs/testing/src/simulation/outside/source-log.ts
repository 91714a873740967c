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

  read(split: number, position: number): Row {
    if (position < this.#forgotten[split]!) {
      this.#findings.add(
        'INV-1',
        `${this.name}: row ${position} of split ${split} is asked for, and ${this.#forgotten[split]} was acknowledged`,
      );
    }
    return this.splits[split]![position]!;
  }
}
