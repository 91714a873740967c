import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SavedSnapshot } from '@millrace/testing/drivers';
import { JOB_ID, startSource } from './test-support/source-runner.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

let count = 0;
const newTable = (): string => `once${count++}`;

/** `insert` statements for ids `from` to before `to`, in pieces that every dialect takes. */
function inserts(table: string, ids: readonly number[], value: (id: number) => string): readonly string[] {
  const statements: string[] = [];
  for (let at = 0; at < ids.length; at += 1_000) {
    const values = ids.slice(at, at + 1_000).map((id) => `(${id}, ${value(id)})`);
    statements.push(`insert into ${table} values ${values.join(', ')}`);
  }
  return statements;
}

const numbers = (count: number, start = 0): number[] => Array.from({ length: count }, (_, at) => start + at);

describe.each(TARGETS)('a source that reads once at %s', (name, open) => {
  let database: TestTarget;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  async function fill(ids: readonly number[]): Promise<string> {
    const table = newTable();
    await database.query(`create table ${table} (id integer primary key, v varchar(20))`);
    for (const statement of inserts(table, ids, (id) => `'v${id}'`)) await database.query(statement);
    return table;
  }
  const start = (stage: object, restored?: SavedSnapshot) => startSource(database.connection, stage, restored);

  it('reads all rows of a table in ranges, and ends', async () => {
    const ids = [...numbers(9_000, -4_000), 2_000_000_000, -2_000_000_000];
    await using source = await start({ table: await fill(ids), parallel: 3 });
    const { events: rows } = await source.run();
    expect(rows.map((row) => String(row['v'] as string)).toSorted()).toEqual(ids.map((id) => `v${id}`).toSorted());
    expect(source.batches[0]!.schemas[0]).toMatchObject({
      columns: [
        { name: 'id', key: true, nullable: false },
        { name: 'v', key: false, nullable: true },
      ],
    });
  });

  it('goes on in the middle of its ranges with what a snapshot says, each row once', async () => {
    const table = await fill(numbers(30_000));
    const seen: unknown[] = [];
    let saved: SavedSnapshot | undefined;
    for (const upTo of [3_000, 9_000, 12_000]) {
      await using source = await start({ table, parallel: 3 }, saved);
      seen.push(...(await source.untilEvents(upTo)).map(({ id }) => Number(id)));
      expect(source.isDone).toBe(false);
      saved = await source.save();
    }
    await using last = await start({ table, parallel: 3 }, saved);
    seen.push(...(await last.run()).events.map(({ id }) => Number(id)));
    expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers(30_000));
    // Nothing is left for the one after.
    await using none = await start({ table, parallel: 3 }, await last.save());
    expect((await none.run()).events.length).toBe(0);
  });

  it('binds the parameters of a query, whatever is in them', async () => {
    const table = await fill(numbers(20));
    const value = {
      postgres: "current_setting('millrace.wanted')",
      mysql: '@wanted',
      sqlite: "parameter('wanted')",
    }[database.dialect];
    const query = `select id, ${value} as wanted from ${table} where v = ${value} or ${value} like '%--%'`;
    const stage = { table: 'public.some', query, key: ['id'] };
    await using one = await start({ ...stage, parameters: { wanted: 'v7' } });
    const [row, ...others] = (await one.run()).events;
    expect([Number(row!['id']), row!['wanted'], others]).toEqual([7, 'v7', []]);
    const hostile = `' or 1 = 1; -- "$1" ? \\`;
    await using all = await start({ ...stage, parameters: { wanted: hostile } });
    const { events } = await all.run();
    expect(events.map(({ wanted }) => wanted)).toEqual(numbers(20).map(() => hostile));
    const aside = start({ table: 'public.some', parameters: { wanted: 'v7' } });
    await expect(aside).rejects.toThrow(/only with \\"query\\"/);
    await expect(start({ ...stage, parameters: { 'a;b': 'v7' } })).rejects.toThrow(/small letters/);
  });

  it('reads a query in order of a key of several columns, and goes on there', async () => {
    const table = newTable();
    await database.query(`create table ${table} (country varchar(5), day date, amount integer)`);
    const rows = numbers(5_000).map((at) => `('${'abcde'[at % 5]}', '2024-01-0${1 + (at % 7)}', ${at})`);
    await database.query(`insert into ${table} values ${rows.join(', ')}`);
    const stage = {
      table: 'public.report',
      query: `select country, day, count(*) as sales, 'x' as tag from ${table} group by country, day -- by day`,
      key: ['country', 'day'],
      types: name === 'sqlite' ? { sales: 'bigint', day: 'date' } : {},
    };
    await using source = await start(stage);
    const all = (await source.run()).events;
    expect(all.map(({ country, day }) => `${country as string} ${day as string}`)).toEqual(
      ['a', 'b', 'c', 'd', 'e'].flatMap((country) => numbers(7, 1).map((day) => `${country} 2024-01-0${day}`)),
    );
    expect(all.reduce((sum, row) => sum + Number(row['sales']), 0)).toBe(5_000);
    expect(source.batches[0]!.schemas[0]).toMatchObject({ id: 'public.report' });
    const saved = await source.save();
    const state = JSON.parse(Buffer.from(saved.entries[0]!.value).toString());
    state.ranges[0] = { after: ['b', '2024-01-05'] };
    await using rest = await start(stage, {
      ...saved,
      entries: [{ ...saved.entries[0]!, value: Buffer.from(JSON.stringify(state)) }],
    });
    expect((await rest.run()).events).toEqual(all.slice(12));
  });

  it('ends at once where there are no rows', async () => {
    await using source = await start({ table: await fill([]) });
    expect((await source.run()).events.length).toBe(0);
    await using none = await start({ table: 'public.none', query: 'select 1 as id where 1 = 0', key: ['id'] });
    expect((await none.run()).events.length).toBe(0);
  });

  it('fails where the key is null, also in ranges', async () => {
    const table = newTable();
    await database.query(`create table ${table} (id integer, v varchar(20))`);
    await database.query(`insert into ${table} values (1, 'a'), (100000, 'b'), (null, 'c')`);
    await using source = await start({ table, key: ['id'], parallel: 2 });
    await expect(source.run()).rejects.toMatchObject({ code: { code: 'jdbc.key_missing' }, pointer: '/key' });
  });

  it('says what is wrong with the table and the query', async () => {
    const table = await fill([1]);
    const failure = async (stage: object) => {
      await using source = await start(stage);
      return await source.run().then(
        () => 'ended',
        (error: { code: { code: string } }) => error.code.code,
      );
    };
    expect(await failure({ table: 'nowhere' })).toBe('jdbc.table_missing');
    expect(await failure({ table, key: ['nothing'] })).toBe('jdbc.key_unknown');
    expect(await failure({ table: 'public.q', query: 'selekt 1', key: ['id'] })).toBe('jdbc.query_refused');
    expect(await failure({ table: 'public.q', query: `delete from ${table}`, key: ['id'] })).toBe('jdbc.query_refused');
    expect(await database.query(`select count(*) as count from ${table}`)).toHaveLength(1);
  });
});

// A file has no connections.
describe.each(TARGETS.slice(0, 2))('a source that reads once at %s', (_, open) => {
  it('goes on when its connections are cut', async () => {
    await using database = await open();
    const ids = numbers(60_000);
    await database.query('create table cut (id integer primary key, v varchar(20))');
    for (const statement of inserts('cut', ids, (id) => `'v${id}'`)) await database.query(statement);
    await using source = await startSource(database.connection, { table: 'cut', parallel: 2 });
    await source.untilEvents(5_000);
    await database.cut(JOB_ID);
    await source.untilEvents(20_000);
    await database.cut(JOB_ID);
    const { events: rows } = await source.run();
    expect(rows.map(({ id }) => Number(id)).toSorted((a, b) => a - b)).toEqual(ids);
  });
});
