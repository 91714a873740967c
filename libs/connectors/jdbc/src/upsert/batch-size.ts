/** No more is taken while this many events wait, so a target transaction of whole source transactions is about as large. */
const ROWS_START = 16_384;
/** Large rows fill a round trip as they are. As much again may be under way. */
const BYTES_MAX = 8 * 1_048_576;
/** How many times as many rows a batch may grow to. */
const GROWTH_MAX = 4;
/** A larger batch has to be so much faster to be worth its memory. */
const GAIN_MIN = 1.1;
/** Writes that are looked at before the next decision. */
const WRITES_LOOKED_AT = 2;
/** Writes until growth is tried again where it brought nothing. */
const WRITES_SETTLED = 64;
/** A row waits about as long as the write before it takes. */
const WRITE_MS_MAX = 2_000;

/**
 * How much may wait to be written at once. Where rows wait anyway, larger batches are tried, and kept if more rows a second get through: that
 * is so where the way to the database is long. Where none wait, nothing is held back: whatever is there is written at once.
 */
export class BatchSize {
  #growth = 1;
  /** Rows a millisecond in batches of half the present size. */
  #before = 0;
  #rows = 0;
  #durationMs = 0;
  #writes = 0;
  #settled = 0;

  get rowsMax(): number {
    return ROWS_START * this.#growth;
  }

  get bytesMax(): number {
    return BYTES_MAX;
  }

  /** A write is done; `areMoreWaiting`: as much as may wait did when it ended. */
  wrote(rows: number, durationMs: number, areMoreWaiting: boolean): void {
    if (durationMs > WRITE_MS_MAX) this.#settle(Math.max(1, this.#growth / 2));
    else if (areMoreWaiting && --this.#settled < 0) this.#look(rows, durationMs);
  }

  #look(rows: number, durationMs: number): void {
    this.#rows += rows;
    this.#durationMs += durationMs;
    this.#writes += 1;
    if (this.#writes < WRITES_LOOKED_AT) return;
    const rate = this.#rows / Math.max(1, this.#durationMs);
    if (this.#growth > 1 && rate < this.#before * GAIN_MIN) this.#settle(this.#growth / 2);
    else if (this.#growth === GROWTH_MAX) this.#settle(GROWTH_MAX);
    else {
      this.#before = rate;
      this.#growth *= 2;
      this.#forget();
    }
  }

  #settle(growth: number): void {
    this.#growth = growth;
    this.#settled = WRITES_SETTLED;
    this.#before = 0;
    this.#forget();
  }

  #forget(): void {
    this.#rows = 0;
    this.#durationMs = 0;
    this.#writes = 0;
  }
}
