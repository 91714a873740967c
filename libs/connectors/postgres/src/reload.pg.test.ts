import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { reloadStates } from '@millrace/connector-contract';
import { FLAG_KEY_CHANGE, FLAG_LOADING } from '@millrace/formats';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import type { SavedSnapshot } from '@millrace/testing/drivers';
import pg from 'pg';
import { startSource, type TestSource } from './test-support/drive.ts';
import type { Field, ReadableEvent } from './test-support/readable-events.ts';

const ROWS = 3_000;
/** Executions that a reload is given at most. */
const ROUNDS_MAX = 60;
/** Events between a start and a crash, rows of the reload among them: changes alone would let no execution come further with it. */
const EVENTS_PER_ROUND = 700;
const TURNS = 10;
const TABLES = ['public.t', 'public.other'];

type Row = Readonly<Record<string, Field>>;

/** What an upserting sink holds, over executions that end in crashes. */
class Target {
  readonly rows = new Map<string, Row>();
  /** Changes of the table that is not loaded again: commit and index. */
  readonly others: string[] = [];
  readonly #showsAtOnce: boolean;
  #moved: Row | undefined;
  #saved: { rows: [string, Row][]; others: number } = { rows: [], others: 0 };

  constructor(showsAtOnce: boolean) {
    this.#showsAtOnce = showsAtOnce;
  }

  apply({ op, table, before, after, flags, commitLsn, index }: ReadableEvent): void {
    if (table === 'public.other' && op !== 'r') {
      expect(flags & FLAG_LOADING).toBe(0);
      this.others.push(`${commitLsn}/${index}`);
    }
    const key = (row: Row): string => `${table} ${String(row['id'])}`;
    if (op === 'd') {
      this.#moved = (flags & FLAG_KEY_CHANGE) === 0 ? undefined : this.rows.get(key(before!));
      this.rows.delete(key(before!));
      return;
    }
    // Fields that were not sent again are the row's, also when it has another key now.
    const known = op === 'u' ? this.rows.get(key(after!)) : this.#moved;
    this.rows.set(key(after!), { ...known, ...sent(after!) });
    this.#moved = undefined;
  }

  save(): void {
    this.#saved = { rows: [...this.rows], others: this.others.length };
  }

  crash(): void {
    if (this.#showsAtOnce) return;
    this.others.length = this.#saved.others;
    this.rows.clear();
    for (const [key, row] of this.#saved.rows) this.rows.set(key, row);
  }
}

const sent = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([, field]) => typeof field !== 'symbol'));

describe('loading a table again', () => {
  let database: TestDatabase;
  const stage = { tables: TABLES, initialLoad: 'full' as const, chunkRows: 200 };

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase('reload');
    // TOASTed values are not sent again by an update that leaves them alone.
    await database.query(`
      CREATE TABLE t (id int PRIMARY KEY, v int, w text);
      ALTER TABLE t ALTER w SET STORAGE EXTERNAL;
      CREATE TABLE other (id int PRIMARY KEY, v int);
      INSERT INTO t SELECT i, 0, CASE WHEN i % 20 = 0 THEN repeat('w', 2200) ELSE 'start' END FROM generate_series(1, ${ROWS}) i;
      INSERT INTO other SELECT i, 0 FROM generate_series(1, 200) i`);
  });

  afterAll(async () => await database?.[Symbol.asyncDispose]());

  const stir = async (round: number): Promise<void> => {
    await database.query(`
      UPDATE t SET v = v + 1 WHERE id % 7 = ${round % 7};
      DELETE FROM t WHERE id % 97 = ${round % 97};
      UPDATE t SET id = id + 20000 WHERE id % 101 = ${round % 101} AND id < ${ROWS};
      INSERT INTO t SELECT 50000 + ${round} * 100 + i, 0, 'new' FROM generate_series(1, 30) i ON CONFLICT DO NOTHING;
      UPDATE other SET v = v + 1 WHERE id % 50 = ${round % 50}`);
  };
  const source = async (): Promise<Record<string, unknown>> => {
    const rows = await database.query<Record<string, string>>(
      `SELECT 'public.t ' || id AS key, to_jsonb(x) AS row FROM (SELECT id::text, v::text, w FROM t) x
       UNION ALL SELECT 'public.other ' || id, to_jsonb(x) FROM (SELECT id::text, v::text FROM other) x`,
    );
    return Object.fromEntries(rows.map(({ key, row }) => [key!, row]));
  };
  const stateOf = (runner: TestSource, id: string): string | undefined =>
    reloadStates(Object.fromEntries([...runner.gauges].map(([name, { now }]) => [name, now]))).get(id);
  let marks = 0;
  const untilEverythingIsHere = async (runner: TestSource): Promise<void> => {
    const mark = String(--marks);
    await database.query(`INSERT INTO other VALUES (${mark}, 0)`);
    await runner.until(() => runner.events.some(({ after }) => after?.['id'] === mark));
  };

  it.each([
    ['shows rows at once', true],
    ['shows nothing before the commit', false],
  ])('while it changes and executions crash brings a sink that %s to the table, once', async (name, showsAtOnce) => {
    const job = { jobId: `01JDRELOAD${showsAtOnce ? 'A' : 'B'}000000000000000`, jobName: name, stage: 'src' };
    const options = { stage, job, sinksShowRowsAtOnce: showsAtOnce };
    const target = new Target(showsAtOnce);
    let restored: SavedSnapshot | undefined;
    const take = async (runner: TestSource, from: number): Promise<number> => {
      restored = await runner.snapshot();
      for (const event of runner.events.slice(from)) target.apply(event);
      target.save();
      return runner.events.length;
    };
    {
      await using runner = await startSource(database, options);
      let taken = await take(runner, 0);
      while (runner.metric('loadTablesDone') < 2) {
        let turns = 0;
        await runner.until(() => ++turns > TURNS);
        taken = await take(runner, taken);
      }
    }
    // The target is damaged by hand: rows are gone, and one is there that the source does not have.
    for (const key of [...target.rows.keys()].filter((each) => each.startsWith('public.t') && each.endsWith('3'))) {
      target.rows.delete(key);
    }
    target.rows.set('public.t -77', { id: '-77', v: '0', w: 'by hand' });
    target.save();
    const reloads = [{ id: 'R1', tables: ['public.t'] }];
    let reads = 0;
    let isDone = false;
    for (let round = 0; !isDone; round++) {
      expect(round).toBeLessThan(ROUNDS_MAX);
      await using runner = await startSource(database, { ...options, restored, reloads });
      runner.isMoody = true;
      // Once more than the state knows of: the request alone does not begin it.
      expect(stateOf(runner, 'R1')).toBe('loading');
      await stir(round);
      await runner.until(
        () =>
          runner.metric('loadTablesDone') === TABLES.length ||
          (runner.events.length >= EVENTS_PER_ROUND && runner.events.some(({ op }) => op === 'r')),
      );
      const taken = await take(runner, 0);
      isDone = stateOf(runner, 'R1') === 'done';
      reads += runner.events.filter(({ op, table }) => op === 'r' && table === 'public.t').length;
      expect(runner.events.some(({ op, table }) => op === 'r' && table === 'public.other')).toBe(false);
      if (isDone) break;
      await stir(round + 200);
      let turns = 0;
      await runner.until(() => ++turns > TURNS);
      // The crash: what came since the snapshot was shown, or never was.
      for (const event of runner.events.slice(taken)) target.apply(event);
      target.crash();
    }
    expect(reads).toBeGreaterThan(ROWS / 2);
    // Its outcome has not been heard: the request comes again, and a table that is loaded is not loaded once more.
    await using runner = await startSource(database, { ...options, restored, reloads });
    expect(stateOf(runner, 'R1')).toBe('done');
    await untilEverythingIsHere(runner);
    await take(runner, 0);
    expect(runner.events.some(({ op }) => op === 'r')).toBe(false);
    expect(runner.events.every((event) => (event.flags & FLAG_LOADING) === 0)).toBe(true);
    // A row that the source does not have stays.
    const expected = new Map(Object.entries(await source())).set('public.t -77', { id: '-77', v: '0', w: 'by hand' });
    const told = (rows: ReadonlyMap<string, unknown>): Set<string> =>
      new Set([...rows].map(([key, row]) => [key, ...['id', 'v', 'w'].map((name) => (row as Row)[name])].join('|')));
    const [held, wanted] = [told(target.rows), told(expected)];
    expect([...wanted].filter((row) => !held.has(row))).toEqual([]);
    expect([...held].filter((row) => !wanted.has(row))).toEqual([]);
    if (!showsAtOnce) expect(new Set(target.others).size).toBe(target.others.length);
  });

  it('that is in its first load begins that anew; a request known to an older state is forgotten with it', async () => {
    const job = { jobId: '01JDRELOADC000000000000000', jobName: 'early', stage: 'src' };
    let restored: SavedSnapshot;
    {
      await using runner = await startSource(database, { stage, job });
      await runner.snapshot();
      await runner.untilEvents(600);
      restored = await runner.snapshot();
      expect(runner.metric('loadTablesDone')).toBeLessThan(2);
    }
    await using runner = await startSource(database, { stage, job, restored, reloads: [{ id: 'R2', tables: TABLES }] });
    const target = new Target(true);
    await runner.until(async () => {
      restored = await runner.snapshot();
      return stateOf(runner, 'R2') === 'done';
    });
    for (const event of runner.events) if (event.op === 'r') target.apply(event);
    const rows = await source();
    expect(Object.keys(rows).filter((key) => !target.rows.has(key))).toEqual([]);
    expect(restored.entries.map(({ value }) => Buffer.from(value).toString()).join()).toContain('"R2"');
    await runner.close();
    await using later = await startSource(database, { stage, job, restored });
    const { entries } = await later.snapshot();
    expect(entries.map(({ value }) => Buffer.from(value).toString()).join()).not.toContain('"R2"');
  });

  it('of a stage without an initial load reads it; a table without a key is refused', async () => {
    await database.query(
      'CREATE TABLE keyless (v int); ALTER TABLE keyless REPLICA IDENTITY FULL; INSERT INTO keyless VALUES (1)',
    );
    const job = { jobId: '01JDRELOADD000000000000000', jobName: 'changes', stage: 'src' };
    const changes = { tables: ['public.other', 'public.keyless'], initialLoad: 'none' as const };
    let restored: SavedSnapshot;
    {
      await using runner = await startSource(database, { stage: changes, job });
      restored = await runner.snapshot();
    }
    const reloads = [
      { id: 'R3', tables: ['public.other'] },
      { id: 'R4', tables: ['public.keyless'] },
    ];
    await using runner = await startSource(database, { stage: changes, job, restored, reloads });
    await runner.until(async () => {
      await runner.snapshot();
      return stateOf(runner, 'R3') === 'done';
    });
    expect(stateOf(runner, 'R4')).toBe('refused');
    const read = runner.events.filter(({ op }) => op === 'r');
    const [count] = await database.query<{ count: string }>('SELECT count(*) FROM other');
    expect(read.length).toBe(Number(count!.count));
    expect(read.every(({ table }) => table === 'public.other')).toBe(true);
  });

  it('waits for whoever has changed it before, so that no row is older than a change delivered already', async () => {
    const job = { jobId: '01JDRELOADE000000000000000', jobName: 'waits', stage: 'src' };
    const only = { tables: ['public.other'], initialLoad: 'none' as const };
    let restored: SavedSnapshot;
    {
      await using runner = await startSource(database, { stage: only, job });
      restored = await runner.snapshot();
    }
    const writer = new pg.Client(database.url);
    await writer.connect();
    await writer.query('BEGIN; UPDATE other SET v = 1000 WHERE id = 1');
    await using runner = await startSource(database, {
      stage: only,
      job,
      restored,
      reloads: [{ id: 'R5', tables: ['public.other'] }],
    });
    let looks = 0;
    await runner.until(() => ++looks > TURNS);
    const readBefore = runner.events.filter(({ op }) => op === 'r').length;
    await writer.query('COMMIT');
    await writer.end();
    await runner.until(async () => {
      await runner.snapshot();
      return stateOf(runner, 'R5') === 'done';
    });
    expect(readBefore).toBe(0);
    expect(runner.events.find(({ op, after }) => op === 'r' && after!['id'] === '1')?.after).toMatchObject({
      v: '1000',
    });
  });
});
