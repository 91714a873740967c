import {
  type ChangeBatch,
  ChangeBatchBuilder,
  FLAG_LOADING,
  lsn,
  NO_TRANSACTION,
  NO_TUPLE,
  Op,
  type TableSchema,
} from '@millrace/formats';

/** A table with a key, a text and a json column. */
export const tableOf = (table: string, hasKey = true): TableSchema => ({
  id: `public.${table}`,
  schema: 'public',
  table,
  fieldCount: 3,
  replicaIdentity: hasKey ? 'default' : 'full',
  columns: [
    { name: 'id', field: 0, kind: 'integer', sqlType: 'integer', key: hasKey, nullable: false },
    { name: 'note', field: 1, kind: 'text', sqlType: 'text', key: false, nullable: true },
    { name: 'doc', field: 2, kind: 'json', sqlType: 'jsonb', key: false, nullable: true },
  ],
});

export type TestRow = readonly [id: number, note: string | null, doc?: string | null];

function tuple(row: TestRow): Uint8Array {
  const fields = [String(row[0]), row[1], row[2] ?? null].map((value) => {
    if (value === null) return Buffer.from('n');
    const text = Buffer.from(value);
    const head = Buffer.alloc(5);
    head[0] = 0x74;
    head.writeInt32BE(text.length, 1);
    return Buffer.concat([head, text]);
  });
  return Buffer.concat([Buffer.from([0, fields.length]), ...fields]);
}

export interface TestEvent {
  readonly op: keyof typeof Op;
  readonly before?: TestRow;
  readonly after?: TestRow;
}

/**
 * One transaction of one table, committed at the LSN, at that many milliseconds since 1970.
 * @param complete `false`: it goes on in the next batch
 */
export function transactionOf(
  schema: TableSchema,
  commitLsn: number,
  events: readonly TestEvent[],
  complete = true,
): ChangeBatch {
  const builder = new ChangeBatchBuilder();
  const transaction = builder.transaction({
    commitLsn: lsn(BigInt(commitLsn)),
    xid: commitLsn,
    commitTimeUs: BigInt(commitLsn) * 1_000n,
    complete,
  });
  for (const [index, { op, before, after }] of events.entries()) {
    const at = (row: TestRow | undefined): number => {
      if (row === undefined) return NO_TUPLE;
      const bytes = tuple(row);
      return builder.addTuple(bytes, 0, bytes.length);
    };
    builder.add(Op[op], 0, schema, at(before), at(after), transaction, index);
  }
  return builder.build(0);
}

/** Rows `start` to before `end`, inserted by one transaction. */
export const inserts = (schema: TableSchema, start: number, end: number, note = 'x'): ChangeBatch =>
  transactionOf(
    schema,
    end,
    Array.from({ length: end - start }, (_, at) => ({ op: 'Create' as const, after: [start + at, note] as const })),
  );

/** The same as rows of an initial load. */
export function loadedRows(schema: TableSchema, start: number, end: number): ChangeBatch {
  const builder = new ChangeBatchBuilder();
  for (let id = start; id < end; id++) {
    const bytes = tuple([id, 'x']);
    builder.add(Op.Read, FLAG_LOADING, schema, NO_TUPLE, builder.addTuple(bytes, 0, bytes.length), NO_TRANSACTION, 0);
  }
  return builder.build(0);
}
