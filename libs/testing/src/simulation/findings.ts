/** An invariant that a run broke, or something that makes it worthless. */
export interface Finding {
  /** Number in docs/invariants.md. */
  readonly invariant: `INV-${number}`;
  readonly message: string;
}

const FINDINGS_MAX = 20;

/** Collects what is wrong with a run; the first ones are enough. */
export class Findings {
  readonly list: Finding[] = [];

  add(invariant: Finding['invariant'], message: string): void {
    if (this.list.length < FINDINGS_MAX) this.list.push({ invariant, message });
  }
}
