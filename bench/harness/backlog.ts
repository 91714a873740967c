import type { TestDatabase } from '@millrace/testing';

/**
 * The table and backlogs of the published baselines: 12 columns, about 280 bytes a row on the wire, no full replica
 * identity. Each backlog stands behind a slot that is never consumed; a run reads a copy of it.
 */
const TABLE = `
  create table orders (
    id bigint primary key,
    customer_id int not null,
    quantity int not null,
    warehouse_id smallint,
    unit_price numeric(12,2) not null,
    total numeric(14,4),
    status text not null,
    note text,
    created_at timestamptz not null,
    attrs jsonb,
    is_paid boolean not null,
    ref uuid not null
  );
  create function generate_orders(first bigint, last bigint) returns setof orders language sql as $$
    select n, (n * 7919 % 100000)::int, (n % 20)::int + 1, (n % 12)::smallint,
           (n % 100000) / 100.0, (n % 100000) / 100.0 * (n % 20 + 1),
           (array['new','paid','shipped','delivered','cancelled'])[1 + n % 5],
           case when n % 4 <> 0 then 'note for order number ' || n || ' with some text' end,
           timestamptz '2024-01-01 00:00:00+00' + (n % 31536000) * interval '1.000123 second',
           jsonb_build_object('sku', 'SKU-' || n % 5000, 'tags', jsonb_build_array('a', 'b'), 'w', n % 1000 / 10.0),
           n % 3 = 0, md5(n::text)::uuid
      from generate_series(first, last) n
  $$;
  create procedure write_in_transactions(statement text, first bigint, last bigint, rows_each int) language plpgsql as $$
    begin
      while first <= last loop
        execute statement using first, least(first + rows_each - 1, last);
        commit;
        first := first + rows_each;
      end loop;
    end
  $$;
`;
const INSERT = 'insert into orders select * from generate_orders($1, $2)';
const UPDATE = `update orders set quantity = quantity + 1, status = 'updated', total = total + 1 where id between $1 and $2`;
const DELETE = 'delete from orders where id between $1 and $2';

export interface Backlog {
  /** The slot that keeps the backlog; copy it, never read it. */
  readonly slot: string;
  readonly rows: number;
  /** Key of the row that was written last. */
  readonly lastId: number;
  /** The backlog ends before this position. */
  readonly endLsn: string;
}

export async function createOrdersTable(database: TestDatabase): Promise<void> {
  await database.query(TABLE);
}

/** Fills `orders` in one go, without a backlog. */
export async function fillOrders(database: TestDatabase, rows: number): Promise<void> {
  await database.query(`insert into orders select * from generate_orders(1, ${rows})`);
  await database.query('vacuum (analyze) orders');
}

async function write(
  database: TestDatabase,
  statement: string,
  first: number,
  last: number,
  rowsEach: number,
): Promise<void> {
  const client = await database.connect();
  await client.query('set synchronous_commit = off');
  await client.query('call write_in_transactions($1, $2, $3, $4)', [statement, first, last, rowsEach]);
  await client.end();
}

async function backlog(
  database: TestDatabase,
  slot: string,
  { rows, lastId }: Pick<Backlog, 'rows' | 'lastId'>,
  fill: () => Promise<void>,
): Promise<Backlog> {
  await database.query(`select pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
  await fill();
  const [end] = await database.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
  // Something after the end, or a reader that waits for the end waits for ever.
  await database.query(`select pg_logical_emit_message(true, 'bench', 'after the backlog')`);
  return { slot, rows, lastId, endLsn: end!.lsn };
}

/** `scale` 1: one million inserts, 500,000 updates and 100,000 deletes, 100 a transaction. */
export function mixedBacklog(database: TestDatabase, scale: number): Promise<Backlog> {
  const inserts = 1_000_000 * scale;
  return backlog(database, 'backlog_mixed', { rows: inserts * 1.6, lastId: inserts }, async () => {
    await write(database, INSERT, 1, inserts, 100);
    await write(database, UPDATE, 1, inserts / 2, 100);
    await write(database, DELETE, inserts * 0.9 + 1, inserts, 100);
  });
}

/** `scale` 1: 200,000 transactions of one row. */
export function singleRowBacklog(database: TestDatabase, scale: number): Promise<Backlog> {
  const rows = 200_000 * scale;
  const lastId = 2_000_000 + rows;
  return backlog(database, 'backlog_single', { rows, lastId }, () => write(database, INSERT, 2_000_001, lastId, 1));
}

/** Inserts only, 100 a transaction. */
export function insertBacklog(database: TestDatabase, rows: number): Promise<Backlog> {
  return backlog(database, 'backlog_inserts', { rows, lastId: rows }, () => write(database, INSERT, 1, rows, 100));
}
