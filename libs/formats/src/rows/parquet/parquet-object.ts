import type { AsyncBuffer } from 'hyparquet';
import type { ContentAt } from '../content-at.ts';

/** Of one row group's columns, as stored, or of a footer. */
const HELD_BYTES_MAX = 268_435_456;

/** A Parquet file of which parts are read; they are held until `release`. Errors are those of `ContentAt`. */
export class ParquetObject implements AsyncBuffer {
  readonly byteLength: number;
  readonly #at: ContentAt;
  readonly #held = new Map<string, Promise<ArrayBuffer>>();
  #heldBytes = 0;

  private constructor(at: ContentAt, byteLength: number) {
    this.#at = at;
    this.byteLength = byteLength;
  }

  static async open(at: ContentAt): Promise<ParquetObject> {
    return new ParquetObject(at, await at.size());
  }

  slice(start: number, end = this.byteLength): Promise<ArrayBuffer> {
    const name = `${start}-${end}`;
    let bytes = this.#held.get(name);
    if (bytes === undefined) {
      this.#heldBytes += end - start;
      if (this.#heldBytes > HELD_BYTES_MAX) throw this.#at.tooLarge(HELD_BYTES_MAX);
      bytes = end <= start ? Promise.resolve(new ArrayBuffer(0)) : this.#at.read(start, end);
      this.#held.set(name, bytes);
    }
    return bytes;
  }

  release(): void {
    this.#held.clear();
    this.#heldBytes = 0;
  }
}
