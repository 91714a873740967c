import type { FrameReader, OnFrame } from './framing.ts';
import { HeldBytes } from './held-bytes.ts';

const LENGTH_BYTES = 4;

/** Frames behind their lengths. One that is too long is told of as soon as its length is there, without its bytes. */
export class LengthReader implements FrameReader {
  readonly #bytesMax: number;
  readonly #onFrame: OnFrame;
  readonly #head = new HeldBytes(LENGTH_BYTES);
  readonly #held: HeldBytes;
  /** Bytes of the frame that have not come; `undefined`: its length has not. */
  #left: number | undefined;
  /** What comes is of a frame that is too long. */
  #isSkipping = false;

  constructor(bytesMax: number, onFrame: OnFrame) {
    this.#bytesMax = bytesMax;
    this.#onFrame = onFrame;
    this.#held = new HeldBytes(bytesMax);
  }

  get isInside(): boolean {
    return this.#left !== undefined || this.#head.length > 0;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#left === undefined) {
        const part = chunk.subarray(at, at + LENGTH_BYTES - this.#head.length);
        at += part.length;
        this.#head.add(part);
        if (this.#head.length === LENGTH_BYTES) this.#begin(this.#head.take().readUInt32BE());
        continue;
      }
      const part = chunk.subarray(at, at + this.#left);
      at += part.length;
      this.#left -= part.length;
      if (this.#left === 0) this.#end(part);
      else if (!this.#isSkipping) this.#held.add(part);
    }
  }

  #begin(length: number): void {
    this.#left = length === 0 ? undefined : length;
    this.#isSkipping = length > this.#bytesMax;
    if (this.#isSkipping || length === 0) this.#onFrame(Buffer.alloc(0), length);
  }

  #end(part: Buffer): void {
    const isSkipped = this.#isSkipping;
    this.#left = undefined;
    this.#isSkipping = false;
    if (isSkipped) return;
    if (this.#held.length > 0) {
      this.#held.add(part);
      part = this.#held.take();
    }
    this.#onFrame(part, part.length);
  }
}
