const START_BYTES = 131_072;
/** A block is handed on when it has reached this size; one row may be larger. */
export const BLOCK_BYTES = 65_536;
/** Longer texts are copied by the runtime, shorter ones in a loop. */
const COPY_BYTES_MIN = 48;

const TEXT_FIELD = 0x74; // 't'
const NULL_FIELD = 0x6e; // 'n'
const UTF8_BYTES_PER_UNIT_MAX = 3;
const HEX = Buffer.from('0123456789abcdef', 'latin1');

/** Rows one after the other, as raw tuples. */
export interface TupleBlock {
  readonly bytes: Buffer;
  /** Where each tuple ends; the next one begins there. */
  readonly ends: readonly number[];
}

/** Puts rows together as raw tuples (as a change batch holds them), field by field. */
export class TupleWriter {
  bytes = Buffer.allocUnsafe(START_BYTES);
  used = 0;
  #ends: number[] = [];

  get isEmpty(): boolean {
    return this.#ends.length === 0;
  }

  get isFull(): boolean {
    return this.used >= BLOCK_BYTES;
  }

  beginRow(fields: number): void {
    this.reserve(2);
    this.bytes[this.used++] = fields >> 8;
    this.bytes[this.used++] = fields;
  }

  endRow(): void {
    this.#ends.push(this.used);
  }

  null(): void {
    this.reserve(1);
    this.bytes[this.used++] = NULL_FIELD;
  }

  ascii(text: string): void {
    const at = this.beginText(text.length);
    this.used = at + this.bytes.write(text, at, 'latin1');
  }

  text(text: string): void {
    const at = this.beginText(text.length * UTF8_BYTES_PER_UNIT_MAX);
    this.used = at + this.bytes.write(text, at);
    this.endText(at);
  }

  /** Bytes of UTF-8 from `start` (inclusive) to `end` (exclusive). */
  copy(source: Uint8Array, start: number, end: number): void {
    const at = this.beginText(end - start);
    if (end - start >= COPY_BYTES_MIN) this.bytes.set(source.subarray(start, end), at);
    else for (let from = start, to = at; from < end; from++, to++) this.bytes[to] = source[from]!;
    this.used = at + end - start;
  }

  /** As PostgreSQL writes bytea: `\x00ff`. */
  hex(source: Uint8Array): void {
    const at = this.beginText(2 + source.length * 2);
    const { bytes } = this;
    bytes[at] = 0x5c;
    bytes[at + 1] = 0x78;
    let to = at + 2;
    for (const byte of source) {
      bytes[to++] = HEX[byte >> 4]!;
      bytes[to++] = HEX[byte & 15]!;
    }
    this.used = to;
  }

  /** Starts a text that the caller writes to `bytes` from the returned place on; `endText` when it is shorter than this. */
  beginText(byteLength: number): number {
    this.reserve(5 + byteLength);
    const { bytes, used } = this;
    bytes[used] = TEXT_FIELD;
    bytes.writeInt32BE(byteLength, used + 1);
    return used + 5;
  }

  /** The text that began at `at` ends at `used`. */
  endText(at: number): void {
    this.bytes.writeInt32BE(this.used - at, at - 4);
  }

  /** Gives the rows away; they are valid until the next row is begun. */
  take(): TupleBlock {
    const block = { bytes: this.bytes, ends: this.#ends };
    this.#ends = [];
    this.used = 0;
    // A block that one huge row has blown up is not kept.
    if (this.bytes.length > 8 * START_BYTES) this.bytes = Buffer.allocUnsafe(START_BYTES);
    return block;
  }

  reserve(count: number): void {
    const needed = this.used + count;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.used);
    this.bytes = larger;
  }
}
