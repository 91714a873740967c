import { NULL, type TupleCursor, UNCHANGED_LENGTH } from '@millrace/formats';

const TEXT_FIELD = 0x74; // 't'
const NULL_FIELD = 0x6e; // 'n'
const UNCHANGED_FIELD = 0x75; // 'u'

/** Whether a tuple has a field that PostgreSQL did not resend. */
export function hasUnchanged(tuple: TupleCursor): boolean {
  for (let field = 0; field < tuple.fieldCount; field++) {
    if (tuple.lengths[field] === UNCHANGED_LENGTH) return true;
  }
  return false;
}

/** Whether the fields differ between two tuples in the same bytes. A field that was not resent is the same. */
export function fieldsDiffer(
  bytes: Uint8Array,
  before: TupleCursor,
  after: TupleCursor,
  fields: readonly number[],
): boolean {
  for (const field of fields) {
    const length = after.lengths[field]!;
    if (length === UNCHANGED_LENGTH) continue;
    if (length !== before.lengths[field]) return true;
    let left = before.starts[field]!;
    let right = after.starts[field]!;
    for (const end = left + length; left < end; left++, right++) {
      if (bytes[left] !== bytes[right]) return true;
    }
  }
  return false;
}

/**
 * The tuple `after` with the fields that were not resent taken from `before`. Where `before` has no value either (with the
 * default identity it holds only the key, null elsewhere) the field stays unchanged: a TOASTed value is never null.
 */
export function fillUnchanged(bytes: Buffer, before: TupleCursor, after: TupleCursor): Buffer {
  const filled = Buffer.allocUnsafe(sizeFilled(before, after));
  let at = filled.writeUInt16BE(after.fieldCount, 0);
  for (let field = 0; field < after.fieldCount; field++) {
    const source = after.lengths[field] === UNCHANGED_LENGTH ? before : after;
    const length = source.lengths[field]!;
    if (source === before && length < 0) {
      filled[at++] = UNCHANGED_FIELD;
    } else if (length === NULL) {
      filled[at++] = NULL_FIELD;
    } else {
      filled[at] = TEXT_FIELD;
      at = filled.writeInt32BE(length, at + 1);
      const start = source.starts[field]!;
      bytes.copy(filled, at, start, start + length);
      at += length;
    }
  }
  return filled;
}

function sizeFilled(before: TupleCursor, after: TupleCursor): number {
  let size = 2;
  for (let field = 0; field < after.fieldCount; field++) {
    const length = after.lengths[field] === UNCHANGED_LENGTH ? before.lengths[field]! : after.lengths[field]!;
    size += length < 0 ? 1 : 5 + length;
  }
  return size;
}
