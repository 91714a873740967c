import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Row } from '@millrace/formats';
import type { SavedSnapshot } from '@millrace/testing/drivers';
import { findingsOf, startSource } from './test-support/source-runner.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

let count = 0;

describe.each(TARGETS)('a source that polls at %s', (_, open) => {
  let database: TestTarget;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  async function newTable(watermark = 'integer not null'): Promise<string> {
    const table = `poll${count++}`;
    await database.query(`create table ${table} (id integer primary key, w ${watermark}, v varchar(20))`);
    return table;
  }
  const put = (table: string, id: number, w: number | string, v = 'x') =>
    database.query(`insert into ${table} values (${id}, ${typeof w === 'number' ? w : `'${w}'`}, '${v}')`);
  const start = (stage: object, restored?: SavedSnapshot) =>
    startSource(database.connection, { watermark: 'w', poll: '100ms', ...stage }, restored);
  const seen = (rows: readonly Row[]) => rows.map(({ id, w, v }) => `${Number(id)} ${Number(w)} ${v as string}`);

  it('reads new and changed rows in the order of watermark and key, and goes on after a restart', async () => {
    const table = await newTable();
    for (const [id, w] of [
      [3, 1],
      [1, 2],
      [2, 1],
      [4, 2],
    ] as const)
      await put(table, id, w);
    let saved: SavedSnapshot;
    {
      await using source = await start({ table, overlap: 0 });
      expect(seen(await source.untilEvents(4))).toEqual(['2 1 x', '3 1 x', '1 2 x', '4 2 x']);
      await put(table, 5, 2);
      await database.query(`insert into ${table} values (7, 3, 'x'), (6, 3, 'x')`);
      await database.query(`update ${table} set w = 4, v = 'y' where id = 1`);
      expect(seen(await source.untilEvents(8)).slice(4)).toEqual(['5 2 x', '6 3 x', '7 3 x', '1 4 y']);
      saved = await source.save();
    }
    await database.query(`update ${table} set w = 5 where id in (1, 3)`);
    await database.query(`delete from ${table} where id = 4`);
    await using next = await start({ table, overlap: 0 }, saved);
    expect(seen(await next.untilEvents(2))).toEqual(['1 5 y', '3 5 x']);
  });

  it('goes on in the middle of a look', async () => {
    const table = await newTable();
    const values = Array.from({ length: 3_000 }, (__, id) => `(${id}, ${Math.floor(id / 500)}, 'x')`);
    await database.query(`insert into ${table} values ${values.join(', ')}`);
    const ids: number[] = [];
    let saved: SavedSnapshot | undefined;
    for (const upTo of [1_000, 500, 3_000]) {
      await using source = await start({ table, overlap: 100 }, saved);
      await source.untilEvents(Math.min(upTo, 3_000 - ids.length));
      ids.push(...source.events.map(({ id }) => Number(id)));
      saved = await source.save();
    }
    expect(ids).toEqual(values.map((__, id) => id));
  });

  it('finds rows that come late within the overlap, each once, and only those without it', async () => {
    const table = await newTable();
    for (const id of [10, 11, 12]) await put(table, id, id * 10);
    await using exact = await start({ table, overlap: 0 });
    await using source = await start({ table, overlap: 50 });
    await Promise.all([exact.untilEvents(3), source.untilEvents(3)]);
    // As a transaction that began before the others and is committed after them.
    await put(table, 1, 115, 'late');
    await put(table, 2, 65, 'too late');
    expect(seen(await source.untilEvents(4)).at(-1)).toBe('1 115 late');
    // Changed, with the watermark it had: another row than the one that is remembered.
    await database.query(`update ${table} set v = 'again' where id = 11`);
    expect(seen(await source.untilEvents(5)).at(-1)).toBe('11 110 again');
    await put(table, 13, 130);
    expect(seen(await source.untilEvents(6)).at(-1)).toBe('13 130 x');
    expect(seen(await exact.untilEvents(4)).at(-1)).toBe('13 130 x');
    // What is remembered is part of the snapshot.
    await put(table, 3, 100, 'late');
    await using next = await start({ table, overlap: 50 }, await source.save());
    expect(seen(await next.untilEvents(1))).toEqual(['3 100 late']);
  });

  it('takes times to the microsecond as watermarks', async () => {
    const type = { postgres: 'timestamptz', mysql: 'datetime(6)', sqlite: 'text' }[database.dialect];
    const table = await newTable(`${type} not null`);
    const at = (text: string): string => `2024-05-01 12:00:${text}`;
    const types = database.dialect === 'sqlite' ? { w: 'timestamp' } : {};
    await put(table, 1, at('00.000001'));
    await put(table, 2, at('00.000002'));
    await using source = await start({ table, types, overlap: '2s' });
    expect((await source.untilEvents(2)).map(({ id }) => Number(id))).toEqual([1, 2]);
    await put(table, 3, '2024-05-01 11:59:58');
    await put(table, 4, '2024-05-01 11:59:58.5');
    expect((await source.untilEvents(3)).slice(2).map(({ id }) => Number(id))).toEqual([4]);
    await put(table, 5, at('00.000003'));
    expect((await source.untilEvents(4)).slice(3).map(({ id }) => Number(id))).toEqual([5]);
  });

  it('reads columns that have been added since', async () => {
    const table = await newTable();
    await put(table, 1, 1);
    await using source = await start({ table, overlap: 0 });
    await source.untilEvents(1);
    await database.query(`alter table ${table} add column extra integer`);
    await database.query(`insert into ${table} values (2, 2, 'x', 7)`);
    // A look that began before the column was there may still have found it.
    expect((await source.untilEvents(2)).at(-1)).toMatchObject({ v: 'x' });
    await database.query(`insert into ${table} values (3, 3, 'y', 7)`);
    expect((await source.untilEvents(3)).at(-1)).toMatchObject({ v: 'y' });
    expect(Number(source.events.at(-1)!['extra'])).toBe(7);
  });

  it('warns of what makes polling slow or leaves rows out', async () => {
    const table = await newTable('integer');
    const { connection } = database;
    expect(await findingsOf(connection, { table, watermark: 'w' })).toEqual([
      'warning jdbc.watermark_hole',
      'warning jdbc.watermark_nullable',
      'warning jdbc.watermark_not_indexed',
    ]);
    await database.query(`create index ${table}_w on ${table} (w, id)`);
    expect(await findingsOf(connection, { table, watermark: 'w', overlap: 5 })).toEqual([
      'warning jdbc.watermark_nullable',
    ]);
    expect(await findingsOf(connection, { table, watermark: 'id', overlap: '5s' })).toEqual([
      'error jdbc.watermark_unfit',
    ]);
    expect(await findingsOf(connection, { table, watermark: 'v', overlap: 5 })).toContain('error jdbc.watermark_unfit');
    expect(await findingsOf(connection, { table, watermark: 'x' })).toEqual(['error jdbc.watermark_unfit']);
    expect(await findingsOf(connection, { table: 'nowhere', watermark: 'x' })).toEqual(['error jdbc.table_missing']);
    await database.query(`create table ${table}k (a integer, b integer)`);
    expect(await findingsOf(connection, { table: `${table}k` })).toEqual(['error jdbc.key_missing']);
    expect(await findingsOf(connection, { table: `${table}k`, key: ['a', 'c'] })).toEqual(['error jdbc.key_unknown']);
    expect(await findingsOf(connection, { table: `${table}k`, key: ['a'] })).toEqual([
      'warning jdbc.key_not_unique',
      'warning jdbc.key_nullable',
    ]);
    expect(await findingsOf(connection, { table })).toEqual([]);
    expect(await findingsOf(connection, { table, types: { v: 'text' }, zeroDates: 'null' })).toEqual(
      { postgres: ['types', 'zeroDates'], mysql: ['types'], sqlite: ['zeroDates'] }[database.dialect].map(
        () => 'error jdbc.option_unfit',
      ),
    );
  });
});
