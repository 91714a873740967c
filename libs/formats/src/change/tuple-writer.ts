const TEXT_FIELD = 0x74; // 't'
const NULL_FIELD = 0x6e; // 'n'
const UNCHANGED_FIELD = 0x75; // 'u'
const BYTES_START = 16_384;
const UTF8_BYTES_PER_UNIT_MAX = 3;

const encoder = new TextEncoder();

/**
 * Writes tuples one after the other, in pgoutput's TupleData layout (see `ChangeBatch`). `begin`, then every field in order.
 */
export class TupleWriter {
  #bytes = new Uint8Array(BYTES_START);
  #used = 0;

  /** Starts a tuple and returns its offset. */
  begin(fieldCount: number): number {
    this.#reserve(2);
    const at = this.#used;
    this.#bytes[this.#used++] = fieldCount >> 8;
    this.#bytes[this.#used++] = fieldCount;
    return at;
  }

  addNull(): void {
    this.#tag(NULL_FIELD);
  }

  /** A large value that was not resent. */
  addUnchanged(): void {
    this.#tag(UNCHANGED_FIELD);
  }

  /** A value as it stands in another tuple. */
  addBytes(source: Uint8Array, start: number, length: number): void {
    this.#reserve(5 + length);
    this.#bytes[this.#used] = TEXT_FIELD;
    this.#length(this.#used + 1, length);
    this.#bytes.set(source.subarray(start, start + length), this.#used + 5);
    this.#used += 5 + length;
  }

  /** A value in PostgreSQL's text format. */
  addText(text: string): void {
    this.#reserve(5 + text.length * UTF8_BYTES_PER_UNIT_MAX);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(this.#used + 5));
    this.#bytes[this.#used] = TEXT_FIELD;
    this.#length(this.#used + 1, written);
    this.#used += 5 + written;
  }

  /** Gives all tuples away, in an array of their size, and starts afresh. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#used);
    this.#used = 0;
    return bytes;
  }

  #tag(tag: number): void {
    this.#reserve(1);
    this.#bytes[this.#used++] = tag;
  }

  #length(at: number, length: number): void {
    this.#bytes[at] = length >>> 24;
    this.#bytes[at + 1] = length >>> 16;
    this.#bytes[at + 2] = length >>> 8;
    this.#bytes[at + 3] = length;
  }

  #reserve(byteCount: number): void {
    const needed = this.#used + byteCount;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
  }
}
