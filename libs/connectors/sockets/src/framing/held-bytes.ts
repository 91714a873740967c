const CAPACITY_MIN = 256;

/** Bytes of a frame that has not ended, in one piece however they come. */
export class HeldBytes {
  readonly #max: number;
  #bytes = Buffer.alloc(0);
  #used = 0;
  /** Of the frame so far; more than are kept when it is too long. */
  length = 0;

  /** @param max bytes that are kept */
  constructor(max: number) {
    this.#max = max;
  }

  add(part: Buffer): void {
    this.length += part.length;
    const fits = part.subarray(0, this.#max - this.#used);
    if (fits.length === 0) return;
    if (this.#used + fits.length > this.#bytes.length) {
      const capacity = Math.max(CAPACITY_MIN, this.#used + fits.length, 2 * this.#bytes.length);
      const larger = Buffer.allocUnsafe(Math.min(capacity, this.#max));
      this.#bytes.copy(larger, 0, 0, this.#used);
      this.#bytes = larger;
    }
    this.#used += fits.copy(this.#bytes, this.#used);
  }

  /** What is kept, and nothing is then. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#used);
    this.#bytes = Buffer.alloc(0);
    this.#used = 0;
    this.length = 0;
    return bytes;
  }
}
