import {
  type ChangeBatch,
  NO_TRANSACTION,
  NO_TUPLE,
  type TableSchema,
  TupleCursor,
  UNCHANGED_LENGTH,
} from '@millrace/formats';

/** A field as a test wants to see it: text, null, or `UNCHANGED`. */
export type Field = string | null | typeof UNCHANGED;
export const UNCHANGED = Symbol('unchanged TOAST');

export interface ReadableEvent {
  readonly op: string;
  readonly table: string;
  readonly before: Readonly<Record<string, Field>> | undefined;
  readonly after: Readonly<Record<string, Field>> | undefined;
  readonly flags: number;
  /** `undefined` for rows of the initial load. */
  readonly commitLsn: bigint | undefined;
  readonly index: number;
}

const cursor = new TupleCursor();

function tuple(bytes: Uint8Array, at: number, schema: TableSchema): Readonly<Record<string, Field>> | undefined {
  if (at === NO_TUPLE) return undefined;
  cursor.read(bytes, at);
  return Object.fromEntries(
    schema.columns.map(({ name, field }) => {
      const start = cursor.starts[field]!;
      const length = cursor.lengths[field]!;
      if (length === UNCHANGED_LENGTH) return [name, UNCHANGED];
      return [name, length < 0 ? null : Buffer.from(bytes.buffer, start, length).toString('utf8')];
    }),
  );
}

/** Decodes a whole batch. */
export function readableEvents(batch: ChangeBatch): readonly ReadableEvent[] {
  return Array.from({ length: batch.length }, (_, at) => {
    const schema = batch.schemas[batch.schemaOf[at]!]!;
    const transaction = batch.transactionOf[at]!;
    return {
      op: String.fromCharCode(batch.op[at]!),
      table: schema.id,
      before: tuple(batch.bytes, batch.before[at]!, schema),
      after: tuple(batch.bytes, batch.after[at]!, schema),
      flags: batch.flags[at]!,
      commitLsn: transaction === NO_TRANSACTION ? undefined : batch.transactions[transaction]!.commitLsn,
      index: batch.indexInTransaction[at]!,
    };
  });
}
