const BLOCK_BYTES = 4 * 1_024 * 1_024;
/** What a file begins with is looked at again and again, to tell whether it is still the same. */
const HEAD_BYTES = 4_096;

/** Reads of a file in blocks: a request costs more than its bytes. What was read of a file of HDFS stays as it is, for there are only appends. */
export class BlockReader {
  readonly #fetch: (offset: number, length: number) => Promise<Buffer>;
  #start = 0;
  #block: Buffer = Buffer.alloc(0);
  #head: Buffer = Buffer.alloc(0);

  constructor(fetch: (offset: number, length: number) => Promise<Buffer>) {
    this.#fetch = fetch;
  }

  /** @returns bytes read; 0: there are no more. `size` is asked when more is to be fetched: behind the end HDFS answers with an error. */
  async read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
    size: () => Promise<number>,
  ): Promise<number> {
    if (position + length <= this.#head.length) return copy(this.#head, position, buffer, offset, length);
    if (position < this.#start || position >= this.#start + this.#block.length) {
      const left = (await size()) - position;
      if (left <= 0) return 0;
      this.#block = await this.#fetch(position, Math.min(left, Math.max(length, BLOCK_BYTES)));
      this.#start = position;
      if (position === 0) this.#head = Buffer.from(this.#block.subarray(0, HEAD_BYTES));
    }
    return copy(this.#block, position - this.#start, buffer, offset, length);
  }
}

function copy(from: Buffer, at: number, to: Uint8Array, offset: number, length: number): number {
  const part = from.subarray(at, at + length);
  to.set(part, offset);
  return part.length;
}
