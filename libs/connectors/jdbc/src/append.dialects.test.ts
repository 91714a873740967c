import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SnapshotEntry } from '@millrace/engine';
import { jdbcSink } from './index.ts';
import { ChangeFeed, type TestEvent, tableSchema, UNSENT } from './test-support/change-feed.ts';
import { resolved, type SinkOptions, startSink } from './test-support/drive.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

let count = 0;
const shape = () => tableSchema(`public.a${count++}`, { '*id': 'integer', v: 'text' });
const create = (schema: ReturnType<typeof shape>, id: number, v = `v${id}`): TestEvent => ({
  op: 'Create',
  schema,
  after: { id: `${id}`, v },
});

describe.each(TARGETS)('append at %s', (_, open) => {
  let target: TestTarget;
  beforeAll(async () => {
    target = await open();
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  const start = (jobId: string, options: SinkOptions = {}) =>
    startSink(target.connection, { jobId, ...options, stage: { mode: 'append', ...options.stage } });
  const idsOf = async (table: string) =>
    (await target.query(`select id from ${table} order by id`)).map((row) => Number(row['id']));

  it('shows rows when the snapshot is committed, and commits twice without harm', async () => {
    const [one, two] = [shape(), shape()];
    const sink = await start('twice');
    await sink.write(...new ChangeFeed().transaction(16n, [create(one, 1), create(two, 2), create(one, 3)]).take());
    const state = await sink.prepare(1);
    await sink.write(...new ChangeFeed().transaction(32n, [create(one, 4)]).take());
    await sink.prepare(2);
    expect(await idsOf(one.table)).toEqual([]);
    await sink.commit(1);
    await sink.commit(1);
    expect([await idsOf(one.table), await idsOf(two.table)]).toEqual([[1, 3], [2]]);
    await sink.close();
    // The same again by the next execution, which also removes what belongs to no committed snapshot.
    const next = await start('twice', { generation: 2, restored: 1, state });
    expect([await idsOf(one.table), await idsOf(two.table)]).toEqual([[1, 3], [2]]);
    await next.write(...new ChangeFeed().transaction(32n, [create(one, 4)]).take());
    await next.prepare(2);
    await next.commit(2);
    expect(await idsOf(one.table)).toEqual([1, 3, 4]);
    await next.close();
  });

  it('writes the kind and the position of each change, and all values before it where these are sent', async () => {
    const schema = shape();
    const full = tableSchema(`public.a${count++}`, { '*id': 'integer', v: 'text', big: 'text' }, 'full');
    const sink = await start('changes');
    const before = { id: '1', v: 'a', big: 'large' };
    await sink.write(
      ...new ChangeFeed()
        .load(schema, [{ id: '9', v: 'loaded' }])
        .transaction(16n, [
          create(schema, 1, 'a'),
          { op: 'Update', schema, after: { id: '1', v: 'b' } },
          { op: 'Truncate', schema },
          { op: 'Delete', schema, before: { id: '1' } },
          { op: 'Update', schema: full, before, after: { id: '1', v: 'b', big: UNSENT } },
          { op: 'Delete', schema: full, before },
        ])
        .take(),
    );
    await sink.prepare(1);
    await sink.commit(1);
    const rows = async (table: string, names: string) =>
      (await target.query(`select * from ${table} order by _index`)).map((row) =>
        names.split(' ').map((name) => (name === '_index' && row[name] !== null ? Number(row[name]) : row[name])),
      );
    expect(new Set(await rows(schema.table, 'id v _op _lsn _index'))).toEqual(
      new Set([
        [9, 'loaded', 'r', null, null],
        [1, 'a', 'c', '0/10', 0],
        [1, 'b', 'u', '0/10', 1],
        [1, null, 'd', '0/10', 3],
      ]),
    );
    expect(await rows(full.table, 'id v big _op')).toEqual([
      [1, 'b', 'large', 'u'],
      [1, 'a', 'large', 'd'],
    ]);
    await sink.close();
  });

  it('without change columns leaves deletes out; values that were not sent are refused', async () => {
    const schema = shape();
    const sink = await start('plain', { stage: { changeColumns: false } });
    await sink.write(
      ...new ChangeFeed()
        .transaction(16n, [create(schema, 1), { op: 'Delete', schema, before: { id: '1' } }, create(schema, 2)])
        .take(),
    );
    await sink.prepare(1);
    await sink.commit(1);
    expect(await target.query(`select * from ${schema.table} order by id`)).toEqual([
      { id: 1, v: 'v1' },
      { id: 2, v: 'v2' },
    ]);
    const events = Array.from({ length: 50 }, (__, id) => create(schema, id));
    events[33] = { op: 'Update', schema, after: { id: '33', v: UNSENT } };
    await sink.write(...new ChangeFeed().transaction(32n, events).take());
    expect(await sink.failure).toMatchObject({
      code: { code: 'jdbc.row_refused' },
      message: expect.stringContaining('REPLICA IDENTITY FULL'),
      details: { key: { id: '33' }, index: 33 },
    });
    await sink.close();
  });

  it('refuses a target that was set back, and one that is ahead', async () => {
    const schema = shape();
    const sink = await start('back');
    await sink.write(...new ChangeFeed().transaction(16n, [create(schema, 1)]).take());
    const state: readonly SnapshotEntry[] = await sink.prepare(1);
    await sink.close();
    const waiting = JSON.parse(Buffer.from(state[0]!.value).toString()).tables[0].waiting as string;
    await target.query(`delete from ${waiting}`);
    await expect(start('back', { generation: 2, restored: 1, state })).rejects.toMatchObject({
      code: { code: 'jdbc.progress_lost' },
    });
    await target.query("update millrace_progress set snapshot_id = 5 where job_id = 'back'");
    await expect(start('back', { generation: 3, restored: 1, state })).rejects.toMatchObject({
      code: { code: 'jdbc.snapshot_behind' },
    });
  });

  it('fails without a trace when the target refuses rows, and moves them after the repair', async () => {
    const [good, bad] = [shape(), shape()];
    await target.query(`create table ${bad.table} (id integer primary key, v varchar(20))`);
    const stage = { changeColumns: false };
    const sink = await start('refused', { stage });
    await sink.write(
      ...new ChangeFeed()
        .transaction(16n, [create(good, 1), ...[1, 2, 3, 4, 2, 5].map((id) => create(bad, id))])
        .take(),
    );
    const state = await sink.prepare(1);
    await expect(sink.commit(1)).rejects.toMatchObject({
      code: { code: 'jdbc.move_refused' },
      message: expect.stringMatching(/"2".*(duplicate|unique)/i),
      details: { key: { id: '2' } },
    });
    expect([await idsOf(good.table), await idsOf(bad.table)]).toEqual([[], []]);
    await sink.close();
    await target.query(`drop table ${bad.table}`);
    await target.query(`create table ${bad.table} (id integer, v varchar(20))`);
    const next = await start('refused', { generation: 2, restored: 1, state, stage });
    expect([await idsOf(good.table), await idsOf(bad.table)]).toEqual([[1], [1, 2, 2, 3, 4, 5]]);
    await next.close();
  });

  it('leaves the rows at the end of the input to the last snapshot', async () => {
    const schema = shape();
    const sink = await start('last');
    await sink.write(...new ChangeFeed().load(schema, [{ id: '1', v: 'a' }]).take());
    const before = await sink.snapshot(1);
    await sink.write(...new ChangeFeed().load(schema, [{ id: '2', v: 'b' }]).take());
    await sink.complete();
    expect(await idsOf(schema.table)).toEqual([1]);
    // Killed there, the end comes again, without position: no row is there twice.
    const next = await start('last', { generation: 2, restored: 1, state: before });
    await next.write(...new ChangeFeed().load(schema, [{ id: '2', v: 'b' }]).take());
    await next.complete();
    await next.snapshot(2);
    expect(await idsOf(schema.table)).toEqual([1, 2]);
    await sink.close();
    await next.close();
  });

  it('shows rows at once where no snapshot will, and removes its tables when the job is deleted', async () => {
    const schema = shape();
    const sink = await start('end', { guarantee: 'none' });
    await sink.write(...new ChangeFeed().transaction(16n, [create(schema, 1), create(schema, 2)]).take());
    await sink.complete();
    expect(await idsOf(schema.table)).toEqual([1, 2]);
    await sink.close();
    const options = resolved(target.connection, { jobId: 'end' });
    const own = async () => {
      const tables = {
        postgres: "select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
        mysql: 'select table_name as name from information_schema.tables where table_schema = database()',
        sqlite: 'select name from sqlite_schema',
      };
      const rows = await target.query(tables[target.dialect]);
      return rows.filter((row) => String(row['name']).startsWith('millrace_wait')).length;
    };
    const there = await own();
    await jdbcSink.dispose!(options, new AbortController().signal);
    expect(await own()).toBe(there - 1);
  });
});
