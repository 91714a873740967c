import { once } from 'node:events';
import type { TestDatabase } from '@millrace/testing';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

const ROWS_EACH = 5_000;

/** The table's rows as COPY text, cut into pieces of 5,000 lines: the script's input, ready in memory. */
export async function exportRows(database: TestDatabase, table: string): Promise<readonly Buffer[]> {
  const client = await database.connect();
  const pieces: Buffer[] = [];
  let lines = 0;
  let open: Buffer[] = [];
  for await (const chunk of client.query(
    copyTo(`copy (select * from ${table} order by id) to stdout`),
  ) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) {
      lines += 1;
      if (lines % ROWS_EACH !== 0) continue;
      open.push(chunk.subarray(start, at + 1));
      pieces.push(Buffer.concat(open));
      open = [];
      start = at + 1;
    }
    open.push(Buffer.from(chunk.subarray(start)));
  }
  if (open.some((part) => part.length > 0)) pieces.push(Buffer.concat(open));
  await client.end();
  return pieces;
}

/** The yardstick: COPY into a temporary table and merge, one connection, one transaction a piece. Returns the seconds it took. */
export async function copyAndMerge(
  target: TestDatabase,
  pieces: readonly Buffer[],
  columns: readonly string[],
): Promise<number> {
  const client = await target.connect();
  const sets = columns.filter((column) => column !== 'id').map((column) => `${column} = excluded.${column}`);
  await client.query('create temp table staged (like orders)');
  const started = performance.now();
  for (const piece of pieces) {
    await client.query('begin');
    await client.query('truncate staged');
    const stream = client.query(copyFrom('copy staged from stdin'));
    stream.end(piece);
    await once(stream, 'finish');
    await client.query(`insert into orders select * from staged on conflict (id) do update set ${sets.join(', ')}`);
    await client.query('commit');
  }
  const seconds = (performance.now() - started) / 1_000;
  await client.end();
  return seconds;
}

/** The yardstick of append: COPY straight into the table, a transaction a piece. Returns the seconds it took. */
export async function copyOnly(target: TestDatabase, pieces: readonly Buffer[]): Promise<number> {
  const client = await target.connect();
  const started = performance.now();
  for (const piece of pieces) {
    const stream = client.query(copyFrom('copy orders from stdin'));
    stream.end(piece);
    await once(stream, 'finish');
  }
  const seconds = (performance.now() - started) / 1_000;
  await client.end();
  return seconds;
}
