import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordedRefusals } from '@millrace/testing/drivers';
import { ChangeFeed, type TestEvent, tableSchema, UNSENT } from './test-support/change-feed.ts';
import { type SinkOptions, startSink } from './test-support/drive.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

let count = 0;

describe.each(TARGETS)('rows that %s refuses to append', (_, open) => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await open();
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  /** A table that takes values below 100, each once. */
  async function amounts() {
    const table = `amounts_${count++}`;
    await target.query(`create table ${table} (id integer not null, v integer not null unique, check (v < 100))`);
    const schema = tableSchema(`public.${table}`, { '*id': 'integer', v: 'integer' });
    const change = (op: 'Create' | 'Update', id: number, v: number): TestEvent => ({
      op,
      schema,
      after: { id: `${id}`, v: `${v}` },
    });
    return {
      schema,
      rows: async (): Promise<string[]> =>
        (await target.query(`select id, v from ${table} order by v`)).map(
          (row) => `${Number(row['id'])} ${Number(row['v'])}`,
        ),
      write: (id: number, v: number) => change('Create', id, v),
      start: (refusals: RecordedRefusals, options: SinkOptions = {}) => {
        const stage = { mode: 'append', changeColumns: false };
        return startSink(target.connection, { jobId: table, refusals, ...options, stage });
      },
    };
  }

  it('are set aside when the others are shown, with what follows of their keys', async () => {
    const { start, write, rows } = await amounts();
    const refusals = new RecordedRefusals();
    const sink = await start(refusals);
    const first = [write(1, 1), write(2, 200), write(3, 3), write(4, 1), write(2, 20), write(5, 5)];
    await sink.write(...new ChangeFeed().transaction(16n, first).take());
    // Not yet prepared when the first ones are moved, and behind a refused one all the same.
    await sink.prepare(1);
    await sink.write(...new ChangeFeed().transaction(32n, [write(2, 21), write(6, 6)]).take());
    expect(refusals.aside).toEqual([]);
    await sink.commit(1);
    expect(await rows()).toEqual(['1 1', '3 3', '5 5']);
    expect(refusals.aside).toEqual(['refused 2 200', 'parked 2 20', 'parked 2 21', 'refused 4 1']);
    expect(refusals.reasons).toEqual(['jdbc.row_refused', 'jdbc.row_refused']);
    await sink.write(...new ChangeFeed().transaction(48n, [write(2, 22), write(7, 7)]).take());
    await sink.snapshot(2);
    expect(await rows()).toEqual(['1 1', '3 3', '5 5', '6 6', '7 7']);
    expect(refusals.aside.slice(4)).toEqual(['parked 2 22']);
    await sink.close();
  });

  it('and that cannot even wait, because a value was not sent, are set aside at once', async () => {
    const { start, schema, write, rows } = await amounts();
    const refusals = new RecordedRefusals();
    const sink = await start(refusals);
    const odd: TestEvent = { op: 'Update', schema, after: { id: '2', v: UNSENT } };
    await sink.write(...new ChangeFeed().transaction(16n, [write(1, 1), odd, write(2, 2), write(3, 3)]).take());
    await sink.prepare(1);
    expect(refusals.aside).toEqual(['refused 2', 'parked 2 2']);
    await sink.commit(1);
    expect(await rows()).toEqual(['1 1', '3 3']);
    await sink.close();
  });

  it('are set aside again by an execution that goes on before a snapshot holds them', async () => {
    const { start, write, rows } = await amounts();
    const first = await start(new RecordedRefusals());
    await first.write(...new ChangeFeed().transaction(16n, [write(1, 1), write(2, 200), write(3, 3)]).take());
    const state = await first.prepare(1);
    await first.commit(1);
    await first.close();
    const refusals = new RecordedRefusals();
    const second = await start(refusals, { generation: 2, restored: 1, state });
    expect(refusals.aside).toEqual(['refused 2 200']);
    expect(refusals.reasons).toEqual(['jdbc.row_refused']);
    const later = await second.snapshot(2);
    await second.close();
    // Now a snapshot does.
    const told = new RecordedRefusals();
    const third = await start(told, { generation: 3, restored: 2, state: later });
    expect(told.aside).toEqual([]);
    await third.snapshot(3);
    expect(await rows()).toEqual(['1 1', '3 3']);
    await third.close();
  });

  it('are found among many', async () => {
    const table = `many_${count++}`;
    await target.query(`create table ${table} (id integer not null, check (id % 997 <> 500))`);
    const schema = tableSchema(`public.${table}`, { '*id': 'integer' });
    const refusals = new RecordedRefusals({ retries: 1 });
    const stage = { mode: 'append', changeColumns: false };
    const sink = await startSink(target.connection, { jobId: table, refusals, stage });
    for (let from = 0; from < 20_000; from += 1_000) {
      const events = Array.from(
        { length: 1_000 },
        (_, index): TestEvent => ({ op: 'Create', schema, after: { id: `${from + index}` } }),
      );
      await sink.write(...new ChangeFeed().transaction(BigInt(from + 16), events).take());
    }
    await sink.snapshot(1);
    const expected = Array.from({ length: 20 }, (_, index) => `refused ${500 + 997 * index}`);
    expect(refusals.aside).toEqual(expected);
    const [row] = await target.query(`select count(*) as n from ${table}`);
    expect(Number(row!['n'])).toBe(20_000 - expected.length);
    await sink.close();
  });
});
