import { MillraceError } from '@millrace/kernel';
import type { AsyncBuffer } from 'hyparquet';
import type { Bucket, ObjectAt } from '../../bucket/bucket.ts';
import { RowGroupTooLarge } from '../../errors.ts';
import { objectChanged } from '../read-error.ts';

/** Of one row group's columns, as stored, or of a footer. */
const HELD_BYTES_MAX = 268_435_456;

/** An object of which parts are read; they are held until `release`. */
export class ParquetObject implements AsyncBuffer {
  readonly byteLength: number;
  readonly #bucket: Bucket;
  readonly #object: ObjectAt;
  readonly #held = new Map<string, Promise<ArrayBuffer>>();
  #heldBytes = 0;

  private constructor(bucket: Bucket, object: ObjectAt, byteLength: number) {
    this.#bucket = bucket;
    this.#object = object;
    this.byteLength = byteLength;
  }

  /** @throws MillraceError `s3.object_changed` */
  static async open(bucket: Bucket, object: ObjectAt): Promise<ParquetObject> {
    const size = await bucket.size(object.key);
    if (size === undefined) throw objectChanged(bucket, object);
    return new ParquetObject(bucket, object, size);
  }

  /** @throws MillraceError `s3.object_changed`, `s3.row_group_too_large` */
  slice(start: number, end = this.byteLength): Promise<ArrayBuffer> {
    const name = `${start}-${end}`;
    let bytes = this.#held.get(name);
    if (bytes === undefined) {
      this.#heldBytes += end - start;
      if (this.#heldBytes > HELD_BYTES_MAX) throw this.#tooLarge();
      bytes = this.#read(start, end);
      this.#held.set(name, bytes);
    }
    return bytes;
  }

  release(): void {
    this.#held.clear();
    this.#heldBytes = 0;
  }

  async #read(start: number, end: number): Promise<ArrayBuffer> {
    if (end <= start) return new ArrayBuffer(0);
    const bytes = await this.#bucket.read(this.#object, start, end);
    if (bytes === undefined) throw objectChanged(this.#bucket, this.#object);
    return bytes;
  }

  #tooLarge(): MillraceError {
    const { key } = this.#object;
    return new MillraceError(RowGroupTooLarge, {
      message: `a row group of ${key} in bucket ${this.#bucket.name} has more than ${HELD_BYTES_MAX / 1_048_576} MiB in the columns that are read`,
      mend: 'Write smaller row groups, or leave large columns out.',
      details: { key },
    });
  }
}
