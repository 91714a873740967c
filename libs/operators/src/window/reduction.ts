/** Partials for each row, over a whole frame, above which the first stage is not worth its while. */
const WORTHLESS_RATIO = 0.6;
/** Rows looked at before deciding. */
const ROWS_MIN = 20_000;
/** Rows forwarded until it tries again: keys may have become fewer. */
const ROWS_UNTIL_PROBE = 50_000_000;

/**
 * Decides whether the first stage of an aggregation accumulates or just forwards. It measures how many rows come together in one
 * partial; where that is few, the second stage can as well do all the work (adaptive pre-aggregation, as in Larson, "Data
 * Reduction by Partial Preaggregation", ICDE 2002).
 */
export class Reduction {
  isForwarding = false;
  #rows = 0;
  #partials = 0;

  /** `alwaysForwards`: partials cannot be combined, or are as large as the rows. */
  readonly #alwaysForwards: boolean;

  constructor(alwaysForwards: boolean) {
    this.#alwaysForwards = alwaysForwards;
    this.isForwarding = alwaysForwards;
  }

  /** So many rows were accumulated or forwarded. */
  took(rows: number): void {
    this.#rows += rows;
    if (!this.isForwarding || this.#alwaysForwards || this.#rows < ROWS_UNTIL_PROBE) return;
    this.isForwarding = false;
    this.#rows = 0;
    this.#partials = 0;
  }

  /** A frame has been flushed as so many partials. */
  flushed(partials: number): void {
    this.#partials += partials;
    if (this.isForwarding || this.#rows < ROWS_MIN) return;
    this.isForwarding = this.#partials > this.#rows * WORTHLESS_RATIO;
    this.#rows = 0;
    this.#partials = 0;
  }
}
