import type { ChangeBatch } from '@millrace/formats';
import type { MillraceError } from '@millrace/kernel';
import type { Refusals } from './refusals.ts';

export interface LeftOutOptions {
  /** Absent: nothing is left out, and the sink itself fails with what it cannot take. */
  readonly refusals: Refusals | undefined;
  /** Why the sink cannot take an event; `undefined`: it can. */
  readonly refusal: (batch: ChangeBatch, index: number) => MillraceError | undefined;
  /** Events that the sink passes by anyhow. */
  readonly isPassedBy?: (batch: ChangeBatch, index: number) => boolean;
}

/**
 * The events of a batch that a sink sets aside, where it can tell before it writes. All of a batch is looked at before any of it is written: with one half of a
 * key change goes the other.
 */
export class LeftOut {
  readonly #options: LeftOutOptions;
  readonly #indexes = new Set<number>();
  #batch: ChangeBatch | undefined;

  constructor(options: LeftOutOptions) {
    this.#options = options;
  }

  /** Sets aside what is to be. Harmless when the same batch is given again before `finish`. */
  look(batch: ChangeBatch): void {
    const { refusals, isPassedBy } = this.#options;
    if (this.#batch === batch || refusals === undefined) return;
    this.#batch = batch;
    this.#indexes.clear();
    for (let index = 0; index < batch.length; index++) {
      if (this.#indexes.has(index) || isPassedBy?.(batch, index)) continue;
      for (const each of this.#setAside(refusals, batch, index)) this.#indexes.add(each);
    }
  }

  has(index: number): boolean {
    return this.#indexes.has(index);
  }

  /** The batch is written; the next one may be the same object. */
  finish(): void {
    this.#batch = undefined;
    this.#indexes.clear();
  }

  #setAside(refusals: Refusals, batch: ChangeBatch, index: number): readonly number[] {
    if (refusals.holdsAny && refusals.holds(batch, index)) return refusals.park(batch, index);
    const reason = this.#options.refusal(batch, index);
    return reason === undefined ? [] : refusals.refuse(batch, index, reason);
  }
}
