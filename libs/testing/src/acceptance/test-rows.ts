import { type ChangeBatch, ChangeBatchBuilder, lsn, NO_TUPLE, Op, type TableSchema } from '@millrace/formats';

/** The table of the suites: `public.orders` with a key and a text. */
export const TEST_TABLE: TableSchema = {
  id: 'public.orders',
  schema: 'public',
  table: 'orders',
  fieldCount: 2,
  replicaIdentity: 'default',
  columns: [
    { name: 'id', field: 0, kind: 'integer', sqlType: 'integer', key: true, nullable: false },
    { name: 'note', field: 1, kind: 'text', sqlType: 'text', key: false, nullable: true },
  ],
};

/** Rows of one transaction of the source; what is written again after a crash are the same transactions. */
export const ROWS_PER_BATCH = 10;

function tuple(fields: readonly string[]): Uint8Array {
  const parts = fields.map((field) => {
    const text = Buffer.from(field);
    const head = Buffer.from('t\0\0\0\0', 'latin1');
    head.writeInt32BE(text.length, 1);
    return Buffer.concat([head, text]);
  });
  return Buffer.concat([Buffer.from([0, fields.length]), ...parts]);
}

/** Rows `start` to before `end`, inserted by one transaction whose position in the log follows from `end`. */
export function insertBatch(start: number, end: number, note = 'x'): ChangeBatch {
  const builder = new ChangeBatchBuilder(Math.max(1, end - start));
  const position = BigInt(end);
  const transaction = builder.transaction({
    commitLsn: lsn(position * 16n),
    xid: end,
    commitTimeUs: position * 1_000n,
    complete: true,
  });
  for (let id = start; id < end; id++) {
    const bytes = tuple([String(id), note]);
    const at = builder.addTuple(bytes, 0, bytes.length);
    builder.add(Op.Create, 0, TEST_TABLE, NO_TUPLE, at, transaction, id - start);
  }
  return builder.build(0);
}

/** The same, a transaction for every `ROWS_PER_BATCH` rows. */
export const insertBatches = (start: number, end: number): ChangeBatch[] =>
  Array.from({ length: Math.ceil((end - start) / ROWS_PER_BATCH) }, (_, index) => {
    const from = start + index * ROWS_PER_BATCH;
    return insertBatch(from, Math.min(end, from + ROWS_PER_BATCH));
  });

export const numbers = (start: number, end: number): number[] =>
  Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);

export const ascending = (ids: readonly number[]): number[] => ids.toSorted((a, b) => a - b);
