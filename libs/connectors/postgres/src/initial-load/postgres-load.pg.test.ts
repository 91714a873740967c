import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseLsn } from '@millrace/formats';
import { SeededRandom, type TestDatabase, testPostgres } from '@millrace/testing';
import type { SavedSnapshot } from '@millrace/testing/drivers';
import { decodeState } from '../position/source-state.ts';
import { startSource, type TestSource } from '../test-support/drive.ts';
import { type ReadableEvent, readableEvents } from '../test-support/readable-events.ts';
import { createWrittenTables, RandomWriter, WRITTEN_TABLES } from './testing/random-writer.ts';
import { type Row, TableImage } from './testing/table-image.ts';

const CRASHES = 6;
const WRITERS = 3;
const TURNS_BETWEEN_SNAPSHOTS = 20;

/** Drives a source over crashes and keeps the image of what a sink would hold. */
class Scenario {
  readonly database: TestDatabase;
  readonly image: TableImage;
  readonly #stage: { readonly tables: string[]; readonly initialLoad: 'full'; readonly chunkRows: number };
  readonly #isExact: boolean;
  runner!: TestSource;
  saved: SavedSnapshot | undefined;
  #savedImage: ReturnType<TableImage['save']>;
  #applied = 0;
  #batches = 0;

  constructor(
    database: TestDatabase,
    keys: Readonly<Record<string, readonly string[]>>,
    isExact: boolean,
    chunkRows = 150,
  ) {
    this.database = database;
    this.image = new TableImage(keys, isExact);
    this.#stage = { tables: Object.keys(keys), initialLoad: 'full', chunkRows };
    this.#isExact = isExact;
    this.#savedImage = this.image.save();
  }

  async start(): Promise<void> {
    this.runner = await startSource(this.database, {
      stage: this.#stage,
      job: { jobId: this.database.name, jobName: 'load', stage: 'src' },
      restored: this.saved,
      sinksShowRowsAtOnce: !this.#isExact,
    });
    this.runner.isMoody = true;
    this.#applied = 0;
    this.#batches = 0;
    if (this.saved === undefined) await this.snapshot();
  }

  async snapshot(): Promise<void> {
    this.saved = await this.runner.snapshot();
    this.#apply();
    this.#savedImage = this.image.save();
  }

  async events(count: number): Promise<void> {
    const target = this.#applied + count;
    await this.runner.until(() => this.#apply() >= target || this.isDone);
  }

  /** Everything since the last snapshot is lost, except what a sink has shown. */
  async crash(): Promise<void> {
    this.#apply();
    await this.runner[Symbol.asyncDispose]();
    if (this.#isExact) this.image.restore(this.#savedImage);
    this.image.restarted();
    await this.start();
  }

  /** As of the last snapshot. */
  get isDone(): boolean {
    const tables = (decodeState(this.saved!.entries[0]!).load?.tables ?? []) as readonly { streaming?: true }[];
    return tables.every(({ streaming }) => streaming === true);
  }

  /** Goes on until the load is over and the stream has passed everything that was written until now. */
  async finish(): Promise<void> {
    const [now] = await this.database.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
    const target = parseLsn(now!.lsn);
    do await this.#goOn();
    while (!this.isDone || decodeState(this.saved!.entries[0]!).resumeLsn < target);
    await this.runner[Symbol.asyncDispose]();
  }

  async untilLoaded(): Promise<void> {
    while (!this.isDone) await this.#goOn();
  }

  async #goOn(): Promise<void> {
    let turns = 0;
    await this.runner.until(() => turns++ > TURNS_BETWEEN_SNAPSHOTS);
    await this.snapshot();
  }

  /** Gives the sink what is new, and returns how many events this execution has emitted. */
  #apply(): number {
    const { batches } = this.runner;
    for (; this.#batches < batches.length; this.#batches++) {
      const events = readableEvents(batches[this.#batches]!);
      for (const event of events) this.image.apply(event);
      this.#applied += events.length;
    }
    return this.#applied;
  }
}

async function tableRows(database: TestDatabase, table: string, key: readonly string[]): Promise<Map<string, Row>> {
  const rows = await database.query<{ row: string }>(`SELECT to_jsonb(x)::text AS row FROM (SELECT * FROM ${table}) x`);
  return new Map(
    rows.map(({ row }, at) => {
      const parsed = JSON.parse(row) as Record<string, unknown>;
      const text = Object.fromEntries(
        Object.entries(parsed).map(([name, value]) => [
          name,
          value === null ? null : String(value as string | number | boolean),
        ]),
      );
      return [key.length === 0 ? `#${at}` : key.map((name) => text[name]).join('|'), text];
    }),
  );
}

/** Tables without a key are compared as bags. */
const comparable = (rows: ReadonlyMap<string, Row>, key: readonly string[]): unknown =>
  key.length > 0 ? Object.fromEntries(rows) : [...rows.values()].map((row) => JSON.stringify(row)).sort();

describe('the initial load beside the stream', () => {
  const databases: TestDatabase[] = [];
  const fresh = async (sql: string): Promise<TestDatabase> => {
    const database = await (await testPostgres()).createDatabase('load');
    databases.push(database);
    await database.query(sql);
    return database;
  };
  afterAll(async () => {
    for (const database of databases) await database[Symbol.asyncDispose]();
  });

  it.each([
    ['shows rows at once', false, 1],
    ['shows rows at once', false, 2],
    ['shows nothing before the commit', true, 3],
    ['shows nothing before the commit', true, 4],
  ])(
    'ends in the tables with a sink that %s (exact: %s, seed %i), whatever writers do and however often it crashes',
    async (_, isExact, seed) => {
      const database = await fresh(createWrittenTables);
      // Rows of a table without key cannot be told apart, so only exact sinks may have it.
      const keys = Object.fromEntries(Object.entries(WRITTEN_TABLES).filter(([, key]) => isExact || key.length > 0));
      const scenario = new Scenario(database, keys, isExact);
      const random = new SeededRandom(seed);
      await scenario.start();
      const clients = await Promise.all(Array.from({ length: WRITERS }, () => database.connect()));
      const writing = Promise.all(
        clients.map((client, at) => new RandomWriter(client, new SeededRandom(seed * 100 + at)).write(250)),
      );
      for (let crash = 0; crash < CRASHES; crash++) {
        await scenario.events(random.integer(1, 600));
        if (random.chance(0.7)) await scenario.snapshot();
        await scenario.events(random.integer(1, 600));
        await scenario.crash();
      }
      await writing;
      for (const client of clients) await client.end();
      await scenario.finish();
      expect(scenario.image.violations).toEqual([]);
      for (const [table, key] of Object.entries(keys)) {
        expect(comparable(scenario.image.rows(table), key)).toEqual(
          comparable(await tableRows(database, table, key), key),
        );
      }
    },
  );

  describe('of a table', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await fresh('CREATE TABLE t (id int PRIMARY KEY, v text)');
    });
    const fill = (): Promise<unknown> =>
      database.query(
        "DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' FROM generate_series(1, 3000) i",
      );
    const keys = { 'public.t': ['id'] };
    const reads = (events: readonly ReadableEvent[]): string[] =>
      events.filter(({ op }) => op === 'r').map(({ after }) => String(after!['id']));

    it('does not read again what a committed snapshot has', async () => {
      await fill();
      const scenario = new Scenario(database, keys, true, 100);
      await scenario.start();
      await scenario.events(700);
      await scenario.snapshot();
      const before = reads(scenario.runner.events);
      await scenario.events(300);
      await scenario.crash();
      const second = scenario.runner;
      await scenario.finish();
      const again = reads(second.events);
      expect(before.length).toBeGreaterThanOrEqual(700);
      expect([...before, ...again].sort()).toEqual(Array.from({ length: 3000 }, (_, at) => String(at + 1)).sort());
      expect(scenario.image.violations).toEqual([]);
    });

    it.each([true, false])('is right when the table is truncated in between (exact: %s)', async (isExact) => {
      await fill();
      const scenario = new Scenario(database, keys, isExact, 100);
      await scenario.start();
      await scenario.events(500);
      await database.query("TRUNCATE t; INSERT INTO t SELECT i, 'w' FROM generate_series(1, 900, 3) i");
      await scenario.events(100);
      await scenario.crash();
      await database.query(
        "UPDATE t SET v = 'x' WHERE id < 100; TRUNCATE t; INSERT INTO t SELECT i, 'y' FROM generate_series(2, 3000, 7) i",
      );
      await scenario.finish();
      expect(scenario.image.violations).toEqual([]);
      expect(comparable(scenario.image.rows('public.t'), ['id'])).toEqual(
        comparable(await tableRows(database, 't', ['id']), ['id']),
      );
    });

    it.each([true, false])('is right when a table that is loaded is replayed (exact: %s)', async (isExact) => {
      await fill();
      await database.query(
        "ALTER TABLE t ALTER v SET STORAGE EXTERNAL; UPDATE t SET v = repeat('v', 3000) WHERE id = 1",
      );
      const scenario = new Scenario(database, keys, isExact, 100);
      await scenario.start();
      await scenario.untilLoaded();
      await database.query('UPDATE t SET id = 4001 WHERE id = 1');
      await database.query('UPDATE t SET id = 4002 WHERE id = 4001');
      const { runner } = scenario;
      const loaded = runner.events.length;
      await runner.until(() => runner.events.length === loaded + 4);
      await scenario.crash();
      await scenario.finish();
      expect(scenario.image.violations).toEqual([]);
      expect(comparable(scenario.image.rows('public.t'), ['id'])).toEqual(
        comparable(await tableRows(database, 't', ['id']), ['id']),
      );
    });

    it('ends when the table is dropped in between', async () => {
      await fill();
      const scenario = new Scenario(database, keys, true, 100);
      await scenario.start();
      await scenario.events(500);
      await database.query('DROP TABLE t');
      await scenario.finish();
      expect(scenario.isDone).toBe(true);
      expect(scenario.image.violations).toEqual([]);
    });

    it('gives rows the columns the table has when they are read', async () => {
      await fill();
      const scenario = new Scenario(database, keys, true, 100);
      await scenario.start();
      await scenario.events(500);
      await database.query('ALTER TABLE t ADD COLUMN extra int DEFAULT 7');
      const { runner } = scenario;
      await scenario.finish();
      const rows = runner.events.filter(({ op }) => op === 'r');
      expect(Object.keys(rows[0]!.after!)).toEqual(['id', 'v']);
      expect(rows.at(-1)!.after).toMatchObject({ v: 'v', extra: '7' });
    });

    it('fails when the key is changed or the table renamed in between', async () => {
      for (const [change, undo] of [
        ['ALTER TABLE t RENAME TO u', 'ALTER TABLE u RENAME TO t'],
        ['ALTER TABLE t ALTER id TYPE bigint', 'SELECT 1'],
      ]) {
        await fill();
        const scenario = new Scenario(database, keys, true, 100);
        await scenario.start();
        await scenario.events(500);
        await database.query(change!);
        await expect(scenario.finish()).rejects.toMatchObject({ code: { code: 'postgres.table_changed_during_load' } });
        await scenario.runner[Symbol.asyncDispose]();
        await database.query(undo!);
      }
    });
  });
});
