import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FLAG_LOADING } from '@millrace/formats';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import type { SavedSnapshot } from '@millrace/testing/drivers';
import { startSource } from './test-support/drive.ts';
import type { Field, ReadableEvent } from './test-support/readable-events.ts';

/** Events that one `stir` causes at least: a round whose load is already over has no others to wait for. */
const STIRRED = 1_000;
const STAGE = { tables: ['public.t'], initialLoad: 'full' as const, chunkRows: 500 };

type Rows = Map<string, Readonly<Record<string, Field>>>;

/** What an upserting sink would hold. */
function applied(events: readonly ReadableEvent[]): Rows {
  const rows: Rows = new Map();
  for (const { op, before, after } of events) {
    if (op === 't') rows.clear();
    else if (op === 'd') rows.delete(String(before!['id']));
    else rows.set(String(after!['id']), after!);
  }
  return rows;
}

describe('initial load and stream of one source', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase('handover');
    await database.query(
      "CREATE TABLE t (id int PRIMARY KEY, v int, w text); INSERT INTO t SELECT i, 0, 'start' FROM generate_series(1, 8000) i",
    );
  });

  afterAll(async () => await database?.[Symbol.asyncDispose]());

  /** Changes all over the table, some of them deletes and key changes: more than STIRRED events. */
  const stir = async (round: number): Promise<void> => {
    await database.query(`
      UPDATE t SET v = v + 1, w = 'round ${round}' WHERE id % 7 = ${round % 7};
      DELETE FROM t WHERE id % 97 = ${round};
      UPDATE t SET id = id + 20000 WHERE id % 101 = ${round} AND id < 8000;
      INSERT INTO t SELECT 9000 + ${round} * 100 + i, 0, 'new' FROM generate_series(1, 50) i`);
  };
  const source = async (): Promise<Rows> =>
    new Map(
      (await database.query<Record<string, string>>('SELECT id::text, v::text, w FROM t')).map((row) => [
        row['id']!,
        row,
      ]),
    );

  it('ends in the table, with restarts in the middle of the load, and stops flagging when it is done', async () => {
    const events: ReadableEvent[] = [];
    let restored: SavedSnapshot | undefined;
    let isLoading = true;
    for (let round = 0; isLoading; round++) {
      await using runner = await startSource(database, { stage: STAGE, restored });
      runner.isMoody = true;
      if (restored === undefined) await runner.snapshot();
      await stir(round);
      await runner.untilEvents(STIRRED);
      await stir(round + 50);
      restored = await runner.snapshot();
      // A round is over before its load has a connection when nothing is left to read: then it goes on until the load is over.
      const hasRead = runner.events.some(({ op }) => op === 'r');
      for (let last = -2; !hasRead && runner.metric('loadTablesDone') !== 1; last--) {
        await database.query(
          `INSERT INTO t VALUES (${last}, 0, 'round ${round}') ON CONFLICT (id) DO UPDATE SET w = excluded.w`,
        );
        await runner.until(() => runner.events.some(({ after }) => after?.['id'] === String(last)));
        restored = await runner.snapshot();
      }
      isLoading = runner.metric('loadTablesDone') !== 1;
      events.push(...runner.events);
      expect(round).toBeLessThan(40);
    }
    await using runner = await startSource(database, { stage: STAGE, restored });
    await database.query("UPDATE t SET w = 'last' WHERE id <= 8000; INSERT INTO t VALUES (-1, 0, 'end')");
    await runner.until(() => runner.events.at(-1)?.after?.['id'] === '-1');
    expect(runner.events.every((event) => (event.flags & FLAG_LOADING) === 0)).toBe(true);
    expect(events.some((event) => event.op === 'r')).toBe(true);
    const expected = await source();
    const held = applied([...events, ...runner.events]);
    expect(held.size).toBe(expected.size);
    expect(Object.fromEntries(held)).toEqual(Object.fromEntries(expected));
  });
});
