import { type ChangeBatch, NO_TUPLE, TupleCursor } from '@millrace/formats';

/** Bytes of an event outside its tuples: the elements of the typed arrays. */
export const EVENT_BYTES = 22;

/**
 * The events at these indexes as a batch over the same bytes: nothing is copied but a few numbers for each event. Transactions and
 * schemas stay whole, so that the end of a transaction is seen also when all of its events were dropped.
 */
export function pickEvents(batch: ChangeBatch, indexes: readonly number[]): ChangeBatch {
  if (indexes.length === batch.length) return batch;
  const length = indexes.length;
  const cursor = new TupleCursor();
  const sizeAt = (offset: number): number => {
    if (offset === NO_TUPLE) return 0;
    cursor.read(batch.bytes, offset);
    return cursor.end - offset;
  };
  let byteLength = length * EVENT_BYTES;
  for (const index of indexes) byteLength += sizeAt(batch.before[index]!) + sizeAt(batch.after[index]!);
  return {
    ...batch,
    length,
    byteLength,
    // Without events nothing points into the bytes.
    bytes: length === 0 ? new Uint8Array(0) : batch.bytes,
    op: Uint8Array.from(indexes, (index) => batch.op[index]!),
    flags: Uint8Array.from(indexes, (index) => batch.flags[index]!),
    schemaOf: Uint16Array.from(indexes, (index) => batch.schemaOf[index]!),
    before: Int32Array.from(indexes, (index) => batch.before[index]!),
    after: Int32Array.from(indexes, (index) => batch.after[index]!),
    transactionOf: Uint32Array.from(indexes, (index) => batch.transactionOf[index]!),
    indexInTransaction: Uint32Array.from(indexes, (index) => batch.indexInTransaction[index]!),
  };
}
