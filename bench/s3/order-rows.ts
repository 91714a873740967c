import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { type ChangeBatch, ChangeBatchBuilder, lsn, NO_TUPLE, Op, type TableSchema } from '@millrace/formats';
import { type Field, tuple } from '../../libs/connectors/s3/src/test-support/drive.ts';

export const ROWS_PER_BATCH = 1_000;

/** Rows that differ from each other; more than a row group holds, on both sides. They are written again and again. */
const POOL_ROWS = 150_000;

/** The columns of the published baselines (bench/harness/backlog.ts), with PostgreSQL's text of each. */
const COLUMNS = [
  ['id', 'bigint', 'bigint', 'id::varchar'],
  ['customer_id', 'integer', 'integer', 'customer_id::varchar'],
  ['quantity', 'integer', 'integer', 'quantity::varchar'],
  ['warehouse_id', 'integer', 'smallint', 'warehouse_id::varchar'],
  ['unit_price', 'exact', 'numeric(12,2)', 'unit_price::varchar'],
  ['total', 'exact', 'numeric(14,4)', 'total::varchar'],
  ['status', 'text', 'text', 'status'],
  ['note', 'text', 'text', 'note'],
  ['created_at', 'timestamptz', 'timestamp with time zone', 'created_at::varchar'],
  ['attrs', 'json', 'jsonb', 'attrs'],
  ['is_paid', 'boolean', 'boolean', `if(is_paid, 't', 'f')`],
  ['ref', 'uuid', 'uuid', 'ref::varchar'],
] as const;

const ROWS = `
  select n::bigint as id, (n * 7919 % 100000)::int as customer_id, ((n % 20) + 1)::int as quantity, (n % 12)::smallint as warehouse_id,
         ((n % 100000) / 100)::decimal(12,2) as unit_price, ((n % 100000) / 100 * (n % 20 + 1))::decimal(14,4) as total,
         (['new','paid','shipped','delivered','cancelled'])[1 + n % 5] as status,
         case when n % 4 <> 0 then 'note for order number ' || n || ' with some text' end as note,
         timestamptz '2024-01-01 00:00:00+00' + to_microseconds(n * 1000123) as created_at,
         '{"sku": "SKU-' || n % 5000 || '", "tags": ["a", "b"], "w": ' || n % 1000 / 10 || '}' as attrs,
         n % 3 = 0 as is_paid, md5(n::varchar)::uuid as ref
    from range(1, ${POOL_ROWS + 1}) as numbers(n)`;

const SCHEMA: TableSchema = {
  id: 'public.orders',
  schema: 'public',
  table: 'orders',
  fieldCount: COLUMNS.length,
  replicaIdentity: 'default',
  columns: COLUMNS.map(([name, kind, sqlType], field) => ({
    name,
    field,
    kind,
    sqlType,
    key: field === 0,
    nullable: true,
  })),
};

/** Writes the rows as a table `orders` of a DuckDB database, and as tuples for `orderBatches`. */
export async function createOrderRows(database: string, tuples: string): Promise<void> {
  const instance = await DuckDBInstance.create(database);
  const connection = await instance.connect();
  await connection.run("set timezone = 'UTC'");
  await connection.run(`create table orders as ${ROWS}`);
  const read = await connection.runAndReadAll(`select ${COLUMNS.map(([, , , text]) => text).join()} from orders`);
  const file = openSync(tuples, 'w');
  const rows = read.getRowsJson() as Field[][];
  for (let at = 0; at < rows.length; at += ROWS_PER_BATCH) {
    const bytes = rows.slice(at, at + ROWS_PER_BATCH).map(tuple);
    const lengths = Uint32Array.from([
      bytes.reduce((sum, { length }) => sum + length, 0),
      ...bytes.map((t) => t.length),
    ]);
    writeSync(file, new Uint8Array(lengths.buffer));
    writeSync(file, Buffer.concat(bytes));
  }
  closeSync(file);
  connection.disconnectSync();
  instance.closeSync();
}

/** The same rows as change events, `count` batches, read again and again: they take no memory. */
export function* orderBatches(tuples: string, count: number): Generator<ChangeBatch> {
  const file = openSync(tuples, 'r');
  const lengths = new Uint32Array(1 + ROWS_PER_BATCH);
  let position = 0;
  for (let at = 0; at < count; at++) {
    if (at % (POOL_ROWS / ROWS_PER_BATCH) === 0) position = 0;
    position += readSync(file, lengths, 0, lengths.byteLength, position);
    const bytes = new Uint8Array(lengths[0]!);
    position += readSync(file, bytes, 0, bytes.length, position);
    yield batchOf(bytes, lengths.subarray(1), at);
  }
  closeSync(file);
}

function batchOf(bytes: Uint8Array, lengths: Uint32Array, at: number): ChangeBatch {
  const builder = new ChangeBatchBuilder(ROWS_PER_BATCH);
  const transaction = builder.transaction({
    commitLsn: lsn(BigInt(at + 1)),
    xid: at + 1,
    commitTimeUs: 0n,
    complete: true,
  });
  let offset = 0;
  lengths.forEach((length, index) => {
    builder.add(Op.Create, 0, SCHEMA, NO_TUPLE, builder.addTuple(bytes, offset, offset + length), transaction, index);
    offset += length;
  });
  return builder.build(0);
}
