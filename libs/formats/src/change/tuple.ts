/** Length of a field that is null. */
export const NULL = -1;
/** Length of a field that PostgreSQL did not resend (unchanged TOAST). */
export const UNCHANGED_LENGTH = -2;

const TEXT_FIELD = 0x74; // 't'
const NULL_FIELD = 0x6e; // 'n'

/**
 * Walks tuples without decoding them. One cursor is reused for many tuples: `read` overwrites `starts` and `lengths`.
 */
export class TupleCursor {
  fieldCount = 0;
  /** Offset just past the tuple. */
  end = 0;
  /** Offset of each field's text in the buffer; meaningless where the length is negative. */
  starts = new Int32Array(64);
  /** Bytes of each field, or `NULL`, or `UNCHANGED_LENGTH`. */
  lengths = new Int32Array(64);

  /** Reads the tuple at `offset`. */
  read(bytes: Uint8Array, offset: number): void {
    const count = (bytes[offset]! << 8) | bytes[offset + 1]!;
    if (count > this.starts.length) {
      this.starts = new Int32Array(count * 2);
      this.lengths = new Int32Array(count * 2);
    }
    const { starts, lengths } = this;
    let at = offset + 2;
    for (let field = 0; field < count; field++) {
      const tag = bytes[at]!;
      at += 1;
      if (tag === TEXT_FIELD) {
        const length = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
        starts[field] = at + 4;
        lengths[field] = length;
        at += 4 + length;
      } else {
        lengths[field] = tag === NULL_FIELD ? NULL : UNCHANGED_LENGTH;
      }
    }
    this.fieldCount = count;
    this.end = at;
  }
}
