import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Refusals } from '@millrace/connector-contract';
import { RecordedRefusals } from '@millrace/testing/drivers';
import { ChangeFeed, type TestEvent, tableSchema } from './test-support/change-feed.ts';
import { startSink } from './test-support/drive.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

const schema = tableSchema('public.amount', { '*id': 'integer', v: 'integer' });

const postgresTarget = (): Promise<TestTarget> => TARGETS.find(([name]) => name === 'postgres')![1]();

describe.each(TARGETS)('rows that %s refuses', (_, open) => {
  let database: TestTarget;
  let jobs = 0;

  beforeAll(async () => {
    database = await open();
  });
  afterAll(async () => await database?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    jobs += 1;
    await database.query('drop table if exists amount');
    await database.query('create table amount (id integer primary key, v integer check (v < 100))');
  });

  const write = (id: number, v: number): TestEvent => ({ op: 'Create', schema, after: { id: `${id}`, v: `${v}` } });
  const change = (id: number, v: number): TestEvent => ({ op: 'Update', schema, after: { id: `${id}`, v: `${v}` } });
  const rows = async (): Promise<string[]> =>
    (await database.query('select id, v from amount order by id')).map(({ id, v }) => `${id as number} ${v as number}`);
  const start = (refusals: Refusals, more: object = {}) =>
    startSink(database.connection, { jobId: `refusals-${jobs}`, refusals, ...more });
  const HISTORY = () =>
    new ChangeFeed()
      .transaction(16n, [write(1, 1), write(2, 500), write(3, 3)])
      .transaction(32n, [change(2, 2), change(1, 11), write(4, 400), write(5, 5)])
      .take();
  const ASIDE = ['refused 2 500', 'parked 2 2', 'refused 4 400'];

  it('are left out with what follows of their keys; the rest is written, its transactions too', async () => {
    const refusals = new RecordedRefusals();
    const sink = await start(refusals);
    await sink.write(...HISTORY());
    await sink.complete();
    expect(await rows()).toEqual(['1 11', '3 3', '5 5']);
    expect([...refusals.aside].sort()).toEqual([...ASIDE].sort());
    await sink.close();
  });

  it('are set aside again, not taken for written, when they come again after a crash', async () => {
    const first = await start(new RecordedRefusals());
    const state = await first.snapshot(1);
    await first.write(...HISTORY());
    await first.complete();
    // No snapshot covers it: what was set aside is gone with the execution.
    await first.close();
    await database.query('update amount set v = v + 50 where id <> 2');
    const refusals = new RecordedRefusals();
    const second = await start(refusals, { generation: 2, restored: 1, state });
    await second.write(...HISTORY());
    await second.complete();
    expect([...refusals.aside].sort()).toEqual([...ASIDE].sort());
    expect(await rows()).toEqual(['1 61', '3 53', '5 55']);
    // A snapshot that covers them: they are not remembered any longer.
    const later = await second.snapshot(2);
    await second.write(...new ChangeFeed().transaction(48n, [write(6, 6)]).take());
    await second.complete();
    await second.close();
    const third = new RecordedRefusals();
    const again = await start(third, { generation: 3, restored: 2, state: later });
    await again.write(...new ChangeFeed().transaction(48n, [write(6, 6)]).take());
    await again.complete();
    expect(third.aside).toEqual([]);
    expect(await rows()).toHaveLength(4);
    await again.close();
  });

  it('are found in a transaction that is written in parts', async () => {
    const refusals = new RecordedRefusals();
    const sink = await start(refusals);
    const bad = new Set([3, 9_999, 20_000, 20_001, 39_999]);
    for (let from = 0; from < 40_000; from += 1_000) {
      const events = Array.from({ length: 1_000 }, (_, index) => write(from + index, bad.has(from + index) ? 100 : 1));
      await sink.write(...new ChangeFeed().transaction(16n, events, { from, open: from < 39_000 }).take());
    }
    await sink.complete();
    expect([...refusals.aside].sort()).toEqual([...bad].map((id) => `refused ${id} 100`).sort());
    expect(await rows()).toHaveLength(40_000 - bad.size);
    await sink.close();
  });
});

it('a row is tried again before it is refused, and written when the target takes it then', async () => {
  await using database = await postgresTarget();
  await database.query(`
    create table parent (id integer primary key);
    create table amount (id integer primary key, v integer references parent)`);
  const refusals = new RecordedRefusals({ retries: 30 });
  const sink = await startSink(database.connection, { jobId: 'again', refusals });
  const after = { id: '1', v: '7' };
  const writing = (async () => {
    await sink.write(...new ChangeFeed().transaction(16n, [{ op: 'Create', schema, after }]).take());
    await sink.complete();
  })();
  // It is refused until its parent is there.
  while (
    (
      await database.query(
        "select 1 from pg_stat_activity where state = 'idle in transaction' and datname = current_database()",
      )
    ).length === 0
  );
  await database.query('insert into parent values (7)');
  await writing;
  expect(refusals.aside).toEqual([]);
  expect(await database.query('select id, v from amount')).toEqual([{ id: 1, v: 7 }]);
  await sink.close();
});
