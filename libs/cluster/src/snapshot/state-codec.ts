import type { RowCounts, SnapshotEntry, VertexState } from '@millrace/engine';
import { MillraceError } from '@millrace/kernel';
import { SnapshotDamaged } from '../errors.ts';

/** First bytes of an encoded state: name and version of the layout. */
const MAGIC = Buffer.from('MRST\x02', 'latin1');
/** The layout without counts, of versions before 0.2: still read. */
const MAGIC_WITHOUT_COUNTS = Buffer.from('MRST\x01', 'latin1');
const COUNTS = ['rowsIn', 'rowsOut', 'deadLetters', 'skippedRows', 'lateRows'] as const satisfies (keyof RowCounts)[];
const COUNTS_BYTES = COUNTS.length * 8;

/**
 * State as bytes: the magic, then vertices, each a name, counts (Float64 each, all NaN where nobody counted) and entries, each entry a partition (Int32), key
 * and value. Numbers are big-endian; names, keys and values are a UInt32 length and their bytes (text in UTF-8).
 */
export function encodeState(state: readonly VertexState[]): Buffer {
  let size = MAGIC.length + 4;
  for (const { vertex, entries } of state) {
    size += 8 + COUNTS_BYTES + Buffer.byteLength(vertex);
    for (const { key, value } of entries) size += 12 + Buffer.byteLength(key) + value.length;
  }
  const bytes = Buffer.allocUnsafe(size);
  MAGIC.copy(bytes);
  let at = bytes.writeUInt32BE(state.length, MAGIC.length);
  const text = (value: string): void => {
    const length = bytes.write(value, at + 4);
    at = bytes.writeUInt32BE(length, at) + length;
  };
  for (const { vertex, entries, counts } of state) {
    text(vertex);
    for (const name of COUNTS) at = bytes.writeDoubleBE(counts?.[name] ?? Number.NaN, at);
    at = bytes.writeUInt32BE(entries.length, at);
    for (const { partition, key, value } of entries) {
      at = bytes.writeInt32BE(partition, at);
      text(key);
      at = bytes.writeUInt32BE(value.length, at);
      bytes.set(value, at);
      at += value.length;
    }
  }
  return bytes;
}

/**
 * The state these bytes were made of.
 * @throws MillraceError `cluster.snapshot_damaged` when they were not made by `encodeState`
 */
export function decodeState(bytes: Buffer): VertexState[] {
  const magic = bytes.subarray(0, MAGIC.length);
  const hasCounts = magic.equals(MAGIC);
  if (!hasCounts && !magic.equals(MAGIC_WITHOUT_COUNTS)) throw unreadable(bytes, 'it does not begin with the magic');
  let at = MAGIC.length;
  const skip = (length: number): number => {
    if (at + length > bytes.length) throw unreadable(bytes, `${length} bytes at ${at} go past its end`);
    at += length;
    return at - length;
  };
  const number = (): number => bytes.readUInt32BE(skip(4));
  const slice = (): Buffer => {
    const length = number();
    const start = skip(length);
    return bytes.subarray(start, start + length);
  };
  const state: VertexState[] = [];
  for (let vertices = number(); vertices > 0; vertices--) {
    const vertex = slice().toString();
    const counts = hasCounts ? readCounts(bytes, skip(COUNTS_BYTES)) : undefined;
    const entries: SnapshotEntry[] = [];
    for (let count = number(); count > 0; count--) {
      const partition = bytes.readInt32BE(skip(4));
      const key = slice().toString();
      // A copy with a buffer of its own: it goes to another thread.
      entries.push({ partition, key, value: new Uint8Array(slice()) });
    }
    state.push(counts === undefined ? { vertex, entries } : { vertex, entries, counts });
  }
  if (at !== bytes.length) throw unreadable(bytes, `${bytes.length - at} bytes are left over`);
  return state;
}

function readCounts(bytes: Buffer, at: number): RowCounts | undefined {
  const counts = COUNTS.map((name, index) => [name, bytes.readDoubleBE(at + 8 * index)] as const);
  return counts.some(([, count]) => Number.isNaN(count))
    ? undefined
    : (Object.fromEntries(counts) as unknown as RowCounts);
}

const unreadable = (bytes: Buffer, why: string): MillraceError =>
  new MillraceError(SnapshotDamaged, {
    message: `the state of ${bytes.length} bytes cannot be read: ${why}`,
    mend: 'Was it written by a newer version of Millrace? Then run that version.',
  });
