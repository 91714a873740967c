import { type ChangeBatch, FLAG_KEY_CHANGE, FLAG_LOADING, NO_TRANSACTION, NO_TUPLE } from './change-batch.ts';
import { ChangeBatchBuilder } from './change-batch-builder.ts';
import { formatLsn, parseLsn } from './position.ts';
import type { TableSchema } from './table-schema.ts';
import { TupleCursor, UNCHANGED_LENGTH } from './tuple.ts';
import { TupleWriter } from './tuple-writer.ts';

/** Values by column, as PostgreSQL writes them; `null` of NULL. A column that is absent is a large value that was not resent. */
export type RecordImage = Readonly<Record<string, string | null>>;

/** One change event on its own, as JSON: nothing of it is lost, and a person can read and edit it. */
export interface EventRecord {
  readonly op: string;
  readonly schema: TableSchema;
  readonly before: RecordImage | null;
  readonly after: RecordImage | null;
  /** Bits, as in `ChangeBatch.flags`. */
  readonly flags: number;
  /** Where the source had it; `null` of a row of the initial load. */
  readonly position: { readonly commitLsn: string; readonly index: number } | null;
  readonly xid: number | null;
  /** Microseconds since 1970. */
  readonly commitTimeUs: string | null;
  /** Milliseconds since 1970. */
  readonly receivedMs: number;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The event at `index` as a record. */
export function recordOf(batch: ChangeBatch, index: number): EventRecord {
  const schema = batch.schemas[batch.schemaOf[index]!]!;
  const transactionIndex = batch.transactionOf[index]!;
  const transaction = transactionIndex === NO_TRANSACTION ? undefined : batch.transactions[transactionIndex]!;
  return {
    op: String.fromCharCode(batch.op[index]!),
    schema,
    before: imageOf(batch.bytes, batch.before[index]!, schema),
    after: imageOf(batch.bytes, batch.after[index]!, schema),
    flags: batch.flags[index]!,
    position: transaction
      ? { commitLsn: formatLsn(transaction.commitLsn), index: batch.indexInTransaction[index]! }
      : null,
    xid: transaction?.xid ?? null,
    commitTimeUs: transaction === undefined ? null : String(transaction.commitTimeUs),
    receivedMs: batch.receivedMs,
  };
}

function imageOf(bytes: Uint8Array, offset: number, { columns }: TableSchema): RecordImage | null {
  if (offset === NO_TUPLE) return null;
  const cursor = new TupleCursor();
  cursor.read(bytes, offset);
  const image: Record<string, string | null> = Object.create(null);
  for (const { name, field } of columns) {
    const length = cursor.lengths[field]!;
    if (length === UNCHANGED_LENGTH) continue;
    const start = cursor.starts[field]!;
    image[name] = length < 0 ? null : decoder.decode(bytes.subarray(start, start + length));
  }
  return image;
}

/**
 * Records as a batch again. They are marked as events of a loading table: their place among the others is gone, so a sink must not
 * skip them by position nor count them as progress. A half of a key change without its other half is an event of its own.
 */
export function batchOfRecords(records: readonly EventRecord[], receivedMs: number): ChangeBatch {
  const builder = new ChangeBatchBuilder(Math.max(1, records.length));
  const writer = new TupleWriter();
  const offsets = records.map(({ schema, before, after }) => ({
    before: writeImage(writer, schema, before),
    after: writeImage(writer, schema, after),
  }));
  const bytes = writer.take();
  builder.addTuple(bytes, 0, bytes.length);
  records.forEach((record, index) => {
    const { op, position, xid, commitTimeUs, schema } = record;
    const transaction =
      position === null
        ? NO_TRANSACTION
        : builder.transaction({
            commitLsn: parseLsn(position.commitLsn),
            xid: xid ?? 0,
            commitTimeUs: BigInt(commitTimeUs ?? 0),
            complete: true,
          });
    const { before, after } = offsets[index]!;
    builder.add(
      op.charCodeAt(0),
      (isHalfOfPair(records, index) ? FLAG_KEY_CHANGE : 0) | FLAG_LOADING,
      plainFields(schema),
      before,
      after,
      transaction,
      position?.index ?? 0,
    );
  });
  return builder.build(receivedMs);
}

/** The tuples written here have a field for each column, in their order. */
const plainFields = (schema: TableSchema): TableSchema => {
  const isPlain = schema.columns.every(({ field }, index) => field === index);
  if (isPlain && schema.fieldCount === schema.columns.length) return schema;
  return {
    ...schema,
    columns: schema.columns.map((column, field) => ({ ...column, field })),
    fieldCount: schema.columns.length,
  };
};

function writeImage(writer: TupleWriter, { columns }: TableSchema, image: RecordImage | null): number {
  if (image === null) return NO_TUPLE;
  const at = writer.begin(columns.length);
  for (const { name } of columns) {
    const text = Object.hasOwn(image, name) ? image[name] : undefined;
    if (text === undefined) writer.addUnchanged();
    else if (text === null) writer.addNull();
    else writer.addText(text);
  }
  return at;
}

const isKeyChange = (record: EventRecord | undefined): boolean =>
  record !== undefined && (record.flags & FLAG_KEY_CHANGE) !== 0;

/** The two halves of an update that changed the key: a delete, and as the very next event of the same transaction a create. */
function isHalfOfPair(records: readonly EventRecord[], index: number): boolean {
  const record = records[index]!;
  if (!isKeyChange(record)) return false;
  const other = record.op === 'd' ? records[index + 1] : records[index - 1];
  if (!isKeyChange(other)) return false;
  const [first, second] = record.op === 'd' ? [record, other!] : [other!, record];
  const isPair = first.op === 'd' && second.op === 'c' && first.position?.commitLsn === second.position?.commitLsn;
  return isPair && (first.position?.index ?? 0) + 1 === second.position?.index;
}
