import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type SharedPostgres, type TestDatabase, testPostgres } from '@millrace/testing';
import type pg from 'pg';
import { type CompareRequest, type Comparison, compareTables } from './compare-tables.ts';
import { reportLines } from './report.ts';
import { parseTable, verifyCommand } from './verify-command.ts';

let server: SharedPostgres;
let source: TestDatabase;
let target: TestDatabase;
beforeAll(async () => {
  server = await testPostgres();
});
beforeEach(async () => {
  await source?.[Symbol.asyncDispose]();
  await target?.[Symbol.asyncDispose]();
  [source, target] = await Promise.all([server.createDatabase(), server.createDatabase()]);
});
afterAll(async () => {
  await source?.[Symbol.asyncDispose]();
  await target?.[Symbol.asyncDispose]();
});

const both = (sql: string) => Promise.all([source.query(sql), target.query(sql)]);
const compare = (request: Partial<CompareRequest> = {}): Promise<Comparison> =>
  compareTables({
    source: source.url,
    target: target.url,
    tables: [{ source: 'public.t' }],
    position: 'at-rest',
    ...request,
  });

describe('compareTables at rest', () => {
  it('finds equal tables equal, whatever the order of their rows', async () => {
    await both('create table t (id bigint primary key, v text)');
    await source.query("insert into t select g, 'v' || g from generate_series(1, 5000) g");
    await target.query("insert into t select g, 'v' || g from generate_series(5000, 1, -1) g");
    const comparison = await compare();
    expect(comparison).toMatchObject({
      isEqual: true,
      tables: [{ sourceRows: 5_000, targetRows: 5_000, isEqual: true, differences: [], isComplete: true }],
    });
    expect(comparison.position).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    expect(reportLines(comparison).at(-1)).toContain('equal: 5,000 rows in 1 tables');
  });

  it('finds empty tables equal', async () => {
    await both('create table t (id bigint primary key)');
    expect(await compare()).toMatchObject({ isEqual: true, tables: [{ sourceRows: 0 }] });
  });

  it('lists missing, extra and different keys', async () => {
    await both(
      "create table t (id bigint primary key, v text); insert into t select g, 'v' from generate_series(1, 20000) g",
    );
    await target.query(
      "delete from t where id in (7, 19999); insert into t values (-5, 'x'); update t set v = 'w' where id in (500, 12000)",
    );
    const [table] = (await compare()).tables;
    expect(table).toMatchObject({ isEqual: false, sourceRows: 20_000, targetRows: 19_999, isComplete: true });
    expect([...table!.differences].sort((a, b) => Number(a.key.id) - Number(b.key.id))).toEqual([
      { kind: 'extra', key: { id: '-5' } },
      { kind: 'missing', key: { id: '7' } },
      { kind: 'different', key: { id: '500' } },
      { kind: 'different', key: { id: '12000' } },
      { kind: 'missing', key: { id: '19999' } },
    ]);
  });

  it('lists no more keys than asked for and says so', async () => {
    await both('create table t (id bigint primary key)');
    await source.query('insert into t select generate_series(1, 3000)');
    expect((await compare({ differencesMax: 5 })).tables[0]).toMatchObject({
      isComplete: false,
      differences: { length: 5 },
    });
    await source.query('truncate t; insert into t select generate_series(1, 5)');
    expect((await compare({ differencesMax: 5 })).tables[0]).toMatchObject({
      isComplete: true,
      differences: { length: 5 },
    });
  });

  it('is not fooled by pairs that would cancel, nor by swapped values', async () => {
    await both('create table t (id bigint, v text)');
    const tables = [{ source: 'public.t', key: ['id'] }];
    await source.query("insert into t values (1, 'a'), (2, 'b')");
    await target.query("insert into t values (1, 'a'), (2, 'b'), (3, 'c'), (3, 'c')");
    expect((await compare({ tables })).tables[0]!.differences).toEqual([{ kind: 'extra', key: { id: '3' } }]);
    await source.query("insert into t values (4, 'd'), (4, 'd')");
    expect((await compare({ tables })).isEqual).toBe(false);
    await both('truncate t');
    await source.query("insert into t values (1, 'a'), (2, 'b')");
    await target.query("insert into t values (1, 'b'), (2, 'a')");
    expect((await compare({ tables })).tables[0]!.differences.map(({ kind }) => kind)).toEqual([
      'different',
      'different',
    ]);
    await target.query("truncate t; insert into t values (1, 'a'), (2, 'b'), (2, 'b')");
    await source.query("insert into t values (1, 'a')");
    expect((await compare({ tables })).tables[0]!.differences).toHaveLength(2);
  });

  it('tells null, the empty text and values that run together apart', async () => {
    await both('create table t (id int primary key, a text, b text)');
    await source.query(
      "insert into t values (1, null, ''), (2, 'x', 'yz'), (3, '~', null), (4, '1:x', ''), (5, 'a,', 'b')",
    );
    await target.query(
      "insert into t values (1, '', null), (2, 'xy', 'z'), (3, null, '~'), (4, '1', ':x'), (5, 'a', ',b')",
    );
    expect((await compare()).tables[0]!.differences).toHaveLength(5);
  });

  it('compares by value across types that print differently', async () => {
    await source.query(
      `create table t (id int primary key, n numeric(20,2), c char(5), j json, at timestamptz, f float8, b bytea, i interval, e numeric, g int generated always as (id + 1) stored, big int8)`,
    );
    await target.query(
      `create table t (id bigint primary key, n numeric, c text, j jsonb, at timestamptz, f float8, b bytea, i interval, e numeric, big numeric)`,
    );
    await source.query(
      `set timezone = 'Asia/Tokyo'; insert into t values (1, 1.00, 'ab', '{"b": 1,   "a": [1, 2]}', '2024-01-01 09:00:00.123456+09', 0.1, '\\xdead', '1 day 02:03', 'NaN', default, 9223372036854775807)`,
    );
    await target.query(
      `set intervalstyle = 'iso_8601'; insert into t values (1, 1.0, 'ab   ', '{"a":[1,2],"b":1}', '2024-01-01 00:00:00.123456+00', 0.1, '\\xdead', '1 day 02:03', 'NaN', 9223372036854775807)`,
    );
    expect(await compare()).toMatchObject({ isEqual: true });
    for (const change of [
      'n = 1.001',
      "c = 'abc'",
      `j = '{"a":[2,1],"b":1}'`,
      "at = '2024-01-01 00:00:00.123457+00'",
      'f = 0.1 + 1e-16',
      "b = '\\xdeae'",
      'e = null',
      'big = 9223372036854775806',
      'n = 100',
    ]) {
      await target.query(`begin; update t set ${change}; commit`);
      expect({ change, isEqual: (await compare()).isEqual }).toEqual({ change, isEqual: false });
      await target.query(
        `update t set n = 1.0, c = 'ab   ', j = '{"a":[1,2],"b":1}', at = '2024-01-01 00:00:00.123456+00', f = 0.1, b = '\\xdead', e = 'NaN', big = 9223372036854775807`,
      );
    }
  });

  it('takes composite keys, other names, chosen columns and quoted tables', async () => {
    await source.query(
      `create table "odd.name" ("Order" int, line numeric, v text, secret text, primary key (line, "Order"))`,
    );
    await target.query(`create schema wh; create table wh.copy (order_id int, line numeric, v text)`);
    await source.query(`insert into "odd.name" values (1, 1.0, 'a', 'x'), (1, 2, 'b', 'y')`);
    await target.query(`insert into wh.copy values (1, 1, 'a'), (1, 2, 'z')`);
    const tables = [
      {
        source: 'public."odd.name"',
        target: 'wh.copy',
        columns: [{ source: 'Order', target: 'order_id' }, 'line', 'v'],
      },
    ];
    const comparison = await compare({ tables });
    expect(comparison.tables[0]!.differences).toEqual([{ kind: 'different', key: { line: '2', Order: '1' } }]);
    expect(reportLines(comparison)).toContain('  different line="2" Order="1"');
    expect(await compare({ tables: [{ ...tables[0]!, columns: tables[0]!.columns.slice(0, 2) }] })).toMatchObject({
      isEqual: true,
    });
  });

  it('says what can not be compared', async () => {
    await source.query('create table t (id int primary key, v text); create table orders (id int)');
    await target.query('create table t (id int primary key); create table orders (id int)');
    const code = async (request: Partial<CompareRequest>): Promise<string> =>
      compare(request).then(
        () => 'compared',
        (error) => `${error.code.code}: ${error.message} ${error.mend}`,
      );
    expect(await code({})).toMatch(/verify.column_unknown: the target's table public.t has no column "v"/);
    expect(await code({ tables: [{ source: 'public.order' }] })).toMatch(
      /verify.table_unknown: .*public.order .*orders/,
    );
    expect(await code({ tables: [{ source: 'public.orders' }] })).toMatch(/verify.key_missing/);
    expect(await code({ tables: [{ source: 'orders' }] })).toMatch(/verify.bad_argument: "orders" is not/);
    expect(await code({ source: 'postgres://nobody:secret@127.0.0.1:1/x' })).toMatch(
      /^verify.connect_failed(?!.*secret)/,
    );
    expect(await code({ source: 'host=x password=secret' })).toMatch(/^verify.bad_argument(?!.*secret)/);
    const keyed = { tables: [{ source: 'public.orders', key: ['id'] }] };
    expect(await code({ ...keyed, position: { slots: ['no_such_slot'] } })).toMatch(
      /verify.slot_unknown: .*no_such_slot/,
    );
    expect(await code({ ...keyed, position: { jobId: '01JD0000000000000000000000' } })).toMatch(
      /verify.slot_unknown: .*01JD/,
    );
  });

  it('gives up in time when a writer does not end, without having changed anything', async () => {
    await both('create table t (id int primary key)');
    const writer = await source.connect();
    await writer.query('begin; insert into t values (1)');
    await expect(compare({ waitMs: 500 })).rejects.toMatchObject({
      code: { code: 'verify.tables_busy' },
      mend: expect.stringContaining('pg_stat_activity'),
    });
    await writer.query('commit');
    await writer.end();
    expect((await compare()).tables[0]).toMatchObject({ sourceRows: 1, targetRows: 0 });
  });
});

/** Copies the table and then says so by moving the slot, as a job does: what was committed up to `lsn` is in the target. */
class Copier {
  readonly #from: pg.Client;
  readonly #to: pg.Client;
  #isStopped = false;
  #run: Promise<void>;
  copies = 0;

  constructor(from: pg.Client, to: pg.Client, slot: string) {
    this.#from = from;
    this.#to = to;
    this.#run = this.#loop(slot);
  }

  async #loop(slot: string): Promise<void> {
    while (!this.#isStopped) {
      // Asked before looking: what is committed between a look and the question would be skipped.
      const { rows: ends } = await this.#from.query<{ end: string }>('select pg_current_wal_flush_lsn()::text as end');
      const changes = await this.#from.query(
        "select lsn, data from pg_logical_slot_peek_changes($1, null, null, 'skip-empty-xacts', '1')",
        [slot],
      );
      await this.#to.query('begin');
      for (const { data } of changes.rows as { data: string }[]) {
        const match = /^table public\.t: (INSERT|UPDATE|DELETE): id\[integer\]:(\d+)(?: v\[text\]:'(\w*)')?$/.exec(
          data,
        );
        if (match?.[1] === 'DELETE') await this.#to.query('delete from t where id = $1', [match[2]]);
        else if (match !== null)
          await this.#to.query('insert into t values ($1, $2) on conflict (id) do update set v = excluded.v', [
            match[2],
            match[3],
          ]);
      }
      await this.#to.query('commit');
      const last = (changes.rows as { lsn: string }[]).at(-1)?.lsn;
      await this.#from.query('select pg_replication_slot_advance($1, $2)', [slot, last ?? ends[0]!.end]);
      this.copies += 1;
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#run;
    await this.#from.end();
    await this.#to.end();
  }
}

describe('compareTables at a common position', () => {
  it('finds a copy equal at every look while writers go on, and a fault in it', async () => {
    await both('create table t (id int primary key, v text)');
    const slot = `millrace_01jd_${source.name.slice(-8)}`;
    await source.query('select pg_create_logical_replication_slot($1, $2)', [slot, 'test_decoding']);
    const writer = await source.connect();
    let isWriting = true;
    let written = 0;
    const writing = (async () => {
      for (; isWriting; written++) {
        const id = (written * 7919) % 500;
        if (written % 5 === 4) await writer.query('delete from t where id = $1', [id]);
        else
          await writer.query(
            `begin; insert into t values (${id}, 'v${written}') on conflict (id) do update set v = excluded.v; insert into t values (${id + 1000}, 'x') on conflict (id) do update set v = 'y${written}'; commit`,
          );
      }
    })();
    const copier = new Copier(await source.connect(), await target.connect(), slot);
    try {
      const positions: string[] = [];
      for (let look = 0; look < 5; look++) {
        const before = written;
        const comparison = await compare({ position: look % 2 === 0 ? { slots: [slot] } : { jobId: '01JD' } });
        expect(comparison.tables[0]!.differences).toEqual([]);
        expect(comparison.isEqual).toBe(true);
        positions.push(comparison.position);
        while (written < before + 50) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(new Set(positions).size).toBe(5);
      isWriting = false;
      await writing;
      await compare({ position: { slots: [slot] } });
      await target.query("insert into t values (777777, 'not from the source')");
      expect((await compare({ position: { slots: [slot] } })).tables[0]!.differences).toEqual([
        { kind: 'extra', key: { id: '777777' } },
      ]);
    } finally {
      isWriting = false;
      await writing;
      await copier.stop();
      await writer.end();
    }
  });

  it('names the slot that does not get there, and lets the writers go', async () => {
    await both('create table t (id int primary key, v text)');
    const slot = `millrace_stuck_${source.name.slice(-8)}`;
    await source.query('select pg_create_logical_replication_slot($1, $2)', [slot, 'test_decoding']);
    await source.query("insert into t values (1, 'a')");
    await expect(compare({ position: { slots: [slot] }, waitMs: 300 })).rejects.toMatchObject({
      code: { code: 'verify.position_not_reached' },
      message: expect.stringMatching(new RegExp(`${slot} is at [0-9A-F/]+, \\d+ bytes behind and not in use`)),
      mend: expect.stringContaining('resume the job'),
    });
    await source.query("set lock_timeout = '2s'; insert into t values (2, 'b')");
    expect(await source.query('select count(*)::int as n from t')).toEqual([{ n: 2 }]);
  });
});

describe('millrace verify', () => {
  const run = async (...args: string[]): Promise<{ code: number; lines: string[] }> => {
    const lines: string[] = [];
    let code = -1;
    const command = verifyCommand(
      (value) => {
        code = value;
      },
      (line) => lines.push(line),
      { MILLRACE_VERIFY_SOURCE: source.url },
    );
    await command.parseAsync(['--target', target.url, ...args], { from: 'user' });
    return { code, lines };
  };

  it('exits with 0, 1 or 2', async () => {
    await both('create table t (id int primary key); insert into t values (1)');
    expect(await run('--table', 'public.t', '--at-rest')).toMatchObject({ code: 0 });
    await target.query('insert into t values (2)');
    const different = await run('--table', 'public.t', '--at-rest', '--json');
    expect(different.code).toBe(1);
    expect(JSON.parse(different.lines[0]!)).toMatchObject({
      isEqual: false,
      tables: [{ differences: [{ kind: 'extra', key: { id: '2' } }] }],
    });
    expect(await run('--table', 'public.none', '--at-rest')).toMatchObject({
      code: 2,
      lines: [expect.stringContaining('verify.table_unknown'), expect.any(String)],
    });
    expect(JSON.parse((await run('--table', 'public.t', '--json')).lines[0]!)).toMatchObject({
      error: { code: 'verify.bad_argument' },
    });
    expect((await run('--at-rest')).code).toBe(2);
    expect((await run('--table', 'public.t', '--at-rest', '--wait', 'soon')).code).toBe(2);
  });

  it('reads tables as they are written', () => {
    expect(parseTable('a.b=c.d:id,line')).toEqual({ source: 'a.b', target: 'c.d', key: ['id', 'line'] });
    expect(parseTable('a.b')).toEqual({ source: 'a.b', target: undefined, key: undefined });
    for (const text of ['', 'a.b=', 'a.b:', 'a=b=c', 'a:b:c']) expect(() => parseTable(text)).toThrow('names no table');
  });
});
