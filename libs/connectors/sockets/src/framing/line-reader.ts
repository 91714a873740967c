import type { FrameReader, OnFrame } from './framing.ts';
import { HeldBytes } from './held-bytes.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Lines, without what ends them. */
export class LineReader implements FrameReader {
  readonly #bytesMax: number;
  readonly #onFrame: OnFrame;
  readonly #held: HeldBytes;

  constructor(bytesMax: number, onFrame: OnFrame) {
    this.#bytesMax = bytesMax;
    this.#onFrame = onFrame;
    // A carriage return may be one byte more.
    this.#held = new HeldBytes(bytesMax + 1);
  }

  get isInside(): boolean {
    return this.#held.length > 0;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      const part = chunk.subarray(from, end);
      from = end + 1;
      if (this.#held.length === 0) this.#give(part, part.length);
      else {
        this.#held.add(part);
        const { length } = this.#held;
        this.#give(this.#held.take(), length);
      }
    }
    if (from < chunk.length) this.#held.add(chunk.subarray(from));
  }

  #give(bytes: Buffer, whole: number): void {
    const isReturned = bytes.length === whole && bytes.at(-1) === CARRIAGE_RETURN;
    const length = isReturned ? whole - 1 : whole;
    this.#onFrame(bytes.subarray(0, Math.min(length, this.#bytesMax)), length);
  }
}
