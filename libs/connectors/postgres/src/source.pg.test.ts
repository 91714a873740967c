import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatLsn, parseLsn } from '@millrace/formats';
import { systemClock } from '@millrace/kernel';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import type { SavedSnapshot } from '@millrace/testing/drivers';
import { postgresSource } from './index.ts';
import { decodeState, encodeState } from './position/source-state.ts';
import { replicationNames } from './slot/replication-names.ts';
import { JOB, startSource, type TestSource } from './test-support/drive.ts';

const { slot: SLOT, publication: PUBLICATION } = replicationNames(JOB);
const STAGE = { tables: ['public.t'] };
const resumeOf = (snapshot: SavedSnapshot): bigint => decodeState(snapshot.entries[0]!).resumeLsn;

describe('the PostgreSQL source', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase('source');
    await database.query('CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE other (id serial PRIMARY KEY)');
  });

  afterAll(async () => await database?.[Symbol.asyncDispose]());

  const confirmed = async (): Promise<bigint> => {
    const [row] = await database.query<{ lsn: string }>(
      'SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = $1',
      [SLOT],
    );
    return parseLsn(row!.lsn);
  };
  const walsender = async (): Promise<number> => {
    const [row] = await database.query<{ pid: number }>(
      'SELECT active_pid AS pid FROM pg_replication_slots WHERE slot_name = $1 AND active_pid IS NOT NULL',
      [SLOT],
    );
    return row!.pid;
  };
  const walEnd = async (): Promise<bigint> =>
    parseLsn((await database.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn'))[0]!.lsn);
  const ids = (runner: TestSource): (string | undefined)[] =>
    runner.events.map((event) => `${event.op}${String(event.after?.['id'] ?? event.before?.['id'])}`);

  it('emits nothing before the first snapshot is committed, and then everything since the start (R7)', async () => {
    await using runner = await startSource(database, { stage: STAGE });
    await database.query("INSERT INTO t VALUES (1, 'a')");
    const first = await runner.save();
    await database.query("INSERT INTO t VALUES (2, 'b')");
    const target = await walEnd();
    let turns = 0;
    await runner.until(() => turns++ > 10);
    expect(runner.batches).toEqual([]);
    expect(resumeOf(first)).toBeLessThan(target);
    await runner.commit(first.snapshotId);
    await runner.untilEvents(2);
    expect(ids(runner)).toEqual(['c1', 'c2']);
  });

  it('begins anew when it is started again without a snapshot', async () => {
    await using runner = await startSource(database, { stage: STAGE });
    await runner.snapshot();
    await database.query('DELETE FROM t');
    await runner.untilEvents(2);
    expect(ids(runner)).toEqual(['d1', 'd2']);
  });

  it('INV-1: confirms to the server only what a committed snapshot holds', async () => {
    await using runner = await startSource(database, { stage: STAGE });
    const first = await runner.snapshot();
    const start = resumeOf(first);
    for (let id = 100; id < 110; id++) await database.query('INSERT INTO t VALUES ($1)', [id]);
    await runner.untilEvents(10);
    const saved = await runner.save();
    expect(resumeOf(saved)).toBeGreaterThan(start);
    // Several status updates go out meanwhile: the server asks for them when its timeout is short, the timer sends them anyway.
    const sentMs = systemClock.monotonicMs();
    await runner.until(() => systemClock.monotonicMs() - sentMs > 1_500);
    expect(await confirmed()).toBeLessThanOrEqual(start);
    await runner.commit(saved.snapshotId);
    await runner.until(async () => (await confirmed()) === resumeOf(saved));
    expect(formatLsn((await confirmed()) as never)).toBe(formatLsn(resumeOf(saved) as never));
  });

  it('neither loses nor repeats a transaction, restarted from a state saved after any of them', async () => {
    await database.query('TRUNCATE t');
    const saved: SavedSnapshot[] = [];
    {
      await using runner = await startSource(database, { stage: STAGE });
      saved.push(await runner.snapshot());
      for (let transaction = 0; transaction < 12; transaction++) {
        const rows = 1 + (transaction % 3);
        await database.query(`INSERT INTO t SELECT ${transaction * 10} + i FROM generate_series(1, ${rows}) i`);
        const before = runner.events.length;
        await runner.untilEvents(before + rows);
        saved.push(await runner.save());
      }
    }
    const all = Array.from({ length: 12 }, (_, transaction) =>
      Array.from({ length: 1 + (transaction % 3) }, (_, i) => `c${transaction * 10 + i + 1}`),
    );
    // Ascending, since a restart confirms the position it continues from.
    for (const [count, restore] of saved.entries()) {
      await using runner = await startSource(database, { stage: STAGE, restored: restore });
      runner.isMoody = true;
      const rest = all.slice(count).flat();
      await database.query('INSERT INTO t VALUES (1000); DELETE FROM t WHERE id = 1000');
      await runner.untilEvents(rest.length + 2);
      // Leftovers of the earlier rounds of this loop follow the twelve transactions.
      expect(ids(runner).slice(0, rest.length)).toEqual(rest);
      expect(
        ids(runner)
          .slice(rest.length)
          .every((id) => id === 'c1000' || id === 'd1000'),
      ).toBe(true);
    }
  });

  it('keeps a transaction whose commit record starts exactly at the saved position', async () => {
    let saved: SavedSnapshot;
    let commitLsn: bigint;
    {
      await using runner = await startSource(database, { stage: STAGE });
      await runner.snapshot();
      saved = await runner.save();
      await database.query('INSERT INTO t VALUES (2000)');
      await runner.untilEvents(1);
      commitLsn = runner.events[0]!.commitLsn!;
      expect(resumeOf(saved)).toBeLessThanOrEqual(commitLsn);
    }
    // A keepalive may leave the position exactly there; whether one does is the server's timing, so the test puts it there.
    const state = decodeState(saved.entries[0]!);
    const atTheCommit = { ...saved, entries: [encodeState({ ...state, resumeLsn: commitLsn as never })] };
    await using restarted = await startSource(database, { stage: STAGE, restored: atTheCommit });
    await restarted.untilEvents(1);
    expect(ids(restarted)).toEqual(['c2000']);
  });

  it('moves the confirmed position on while only other tables change', async () => {
    await using runner = await startSource(database, { stage: STAGE });
    await runner.snapshot();
    await database.query('INSERT INTO other SELECT FROM generate_series(1, 1000)');
    const target = await walEnd();
    await runner.until(async () => {
      await runner.snapshot();
      return (await confirmed()) >= target;
    });
    expect(runner.batches).toEqual([]);
    expect(await confirmed()).toBeGreaterThanOrEqual(target);
  });

  it('keeps the connection under back-pressure, however short wal_sender_timeout is', async () => {
    await database.query(`ALTER DATABASE ${database.name} SET wal_sender_timeout = '1500ms'`);
    try {
      await using runner = await startSource(database, { stage: STAGE });
      await runner.snapshot();
      const pid = await walsender();
      runner.isFull = true;
      // More than the buffers of socket and client hold.
      await database.query("INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(10001, 40000) i");
      const fullMs = systemClock.monotonicMs();
      await runner.until(() => systemClock.monotonicMs() - fullMs > 4_000);
      expect(await walsender()).toBe(pid);
      runner.isFull = false;
      await runner.until(() => runner.batches.reduce((sum, batch) => sum + batch.length, 0) === 30_000);
      expect(await walsender()).toBe(pid);
      expect(runner.events.map((event) => event.index)).toEqual(Array.from({ length: 30_000 }, (_, index) => index));
    } finally {
      await database.query(`ALTER DATABASE ${database.name} RESET wal_sender_timeout`);
    }
  });

  it('does not take a barrier inside a transaction', async () => {
    await using runner = await startSource(database, { stage: STAGE });
    await runner.snapshot();
    await database.query("UPDATE t SET v = 'y' WHERE id > 10000; INSERT INTO t VALUES (50001)");
    await runner.untilEvents(1);
    expect(runner.events.length).toBeLessThan(30_001);
    const saved = await runner.save();
    expect(runner.batches.at(-1)!.transactions.at(-1)!.complete).toBe(true);
    expect(runner.events.every((event) => event.commitLsn! < resumeOf(saved))).toBe(true);
    expect(runner.events.length).toBeGreaterThanOrEqual(30_001);
  });

  it('takes the slot from an execution that does not let go of it', async () => {
    await using paused = await startSource(database, { stage: STAGE });
    const saved = await paused.snapshot();
    await using runner = await startSource(database, { stage: STAGE, restored: saved });
    await database.query('INSERT INTO t VALUES (60001)');
    await runner.untilEvents(1);
    expect(ids(runner)).toEqual(['c60001']);
    await expect(paused.untilEvents(1)).rejects.toMatchObject({
      code: { code: 'postgres.connection_lost', retry: 'later' },
    });
  });

  it('fails with a retryable error when the connection is cut', async () => {
    await using runner = await startSource(database, { stage: STAGE });
    await runner.snapshot();
    await database.query('SELECT pg_terminate_backend($1)', [await walsender()]);
    await expect(runner.untilEvents(1)).rejects.toMatchObject({
      code: { code: 'postgres.connection_lost', retry: 'later' },
    });
  });

  it('says that history is lost when the slot is gone, was read past, or is another one', async () => {
    let saved: SavedSnapshot;
    {
      await using runner = await startSource(database, { stage: STAGE });
      saved = await runner.snapshot();
    }
    const restart = async (): Promise<unknown> => {
      await using runner = await startSource(database, { stage: STAGE, restored: saved });
      return runner;
    };
    const lost = { code: { code: 'postgres.position_lost', retry: 'after-repair' } };
    await database.query('INSERT INTO t VALUES (70001)');
    await database.query(`SELECT pg_replication_slot_advance('${SLOT}', pg_current_wal_lsn())`);
    const advanced = formatLsn((await confirmed()) as never);
    await expect(restart()).rejects.toMatchObject({ ...lost, message: expect.stringContaining(advanced) });
    await expect(restart()).rejects.toMatchObject({
      message: expect.stringContaining(formatLsn(resumeOf(saved!) as never)),
    });
    await database.query(`SELECT pg_drop_replication_slot('${SLOT}')`);
    await expect(restart()).rejects.toMatchObject({ ...lost, message: expect.stringContaining('is gone') });
    await database.query(`SELECT pg_create_logical_replication_slot('${SLOT}', 'test_decoding')`);
    await expect(restart()).rejects.toMatchObject({
      code: { code: 'postgres.foreign_object' },
      message: expect.stringContaining('test_decoding'),
    });
    await database.query(`SELECT pg_drop_replication_slot('${SLOT}'); DROP PUBLICATION ${PUBLICATION}`);
    await expect(restart()).rejects.toMatchObject({ ...lost, message: expect.stringContaining(PUBLICATION) });
  });

  it('removes slot and publication with the job, also twice', async () => {
    await (await startSource(database, { stage: STAGE }))[Symbol.asyncDispose]();
    const config = postgresSource.config.parse({ ...database.connection, ssl: 'disable' });
    const stage = postgresSource.stage.parse(STAGE);
    const left = () =>
      database.query(
        `SELECT slot_name FROM pg_replication_slots WHERE slot_name = '${SLOT}' UNION ALL SELECT pubname FROM pg_publication`,
      );
    expect(await left()).toHaveLength(2);
    for (let round = 0; round < 2; round++) {
      await postgresSource.dispose!({ config, stage, job: JOB }, new AbortController().signal);
      expect(await left()).toEqual([]);
    }
  });

  it('reports its lag', async () => {
    await using runner = await startSource(database, { stage: STAGE });
    await runner.snapshot();
    runner.isFull = true;
    await database.query("INSERT INTO t SELECT i, 'z' FROM generate_series(80001, 90000) i");
    await runner.until(() => runner.metric('lagBytes') > 500_000);
    runner.isFull = false;
    await runner.untilEvents(10_000);
    expect(runner.metric('events')).toBe(10_000);
    await runner.until(() => runner.metric('lagBytes') === 0 && runner.metric('lagMs') === 0);
    expect(runner.metric('lagMs')).toBe(0);
  });
});
