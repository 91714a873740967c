/** Room given back by `clear` when one giant value had made the output grow past this many times its usual size. */
const GROWTH_KEPT = 2;

/** A byte buffer that grows. Writers `reserve` the most they can need, then write to `buffer` at `length` and set `length`. */
export class ByteOutput {
  buffer: Uint8Array<ArrayBuffer>;
  /** Bytes written since the last `take` or `clear`. */
  length = 0;
  readonly #usualBytes: number;

  constructor(usualBytes: number) {
    this.#usualBytes = usualBytes;
    this.buffer = new Uint8Array(usualBytes);
  }

  /** What was written; valid until the next write, `take` or `clear`. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.length);
  }

  /** Makes room for `byteCount` more bytes. `buffer` may be another array afterwards. */
  reserve(byteCount: number): void {
    const needed = this.length + byteCount;
    if (needed <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    larger.set(this.bytes);
    this.buffer = larger;
  }

  put(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Gives the bytes away and starts afresh. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes;
    this.buffer = new Uint8Array(this.#usualBytes);
    this.length = 0;
    return taken;
  }

  /** Forgets the bytes and uses their room again. */
  clear(): void {
    if (this.buffer.length > GROWTH_KEPT * this.#usualBytes) this.take();
    this.length = 0;
  }
}
