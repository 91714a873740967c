import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChangeFeed, type Field, type TestEvent, tableSchema, UNSENT } from './test-support/change-feed.ts';
import { startSink } from './test-support/drive.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

let count = 0;
/** A table of its own for each test. */
const shape = () => tableSchema(`public.t${count++}`, { '*id': 'integer', name: 'text', big: 'text' });
const jobId = () => `job${count++}`;

describe.each(TARGETS)('upsert at %s', (_, open) => {
  let database: TestTarget;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  it('leaves unchanged large fields alone', async () => {
    const schema = shape();
    const sink = await startSink(database.connection, { jobId: jobId() });
    const rows = ['1', '2', '3', '4'].map((id) => ({
      op: 'Create' as const,
      schema,
      after: { id, name: `n${id}`, big: `big${id}` },
    }));
    await sink.write(...new ChangeFeed().transaction(10n, rows).take());
    await sink.complete();
    await sink.write(
      ...new ChangeFeed()
        .transaction(20n, [
          { op: 'Update', schema, after: { id: '1', name: 'partial', big: UNSENT } },
          { op: 'Update', schema, after: { id: '2', name: UNSENT, big: UNSENT } },
          { op: 'Update', schema, after: { id: '3', name: 'full', big: 'new' } },
          { op: 'Update', schema, after: { id: '3', name: 'then', big: UNSENT } },
          { op: 'Update', schema, after: { id: '4', name: 'a', big: UNSENT } },
          { op: 'Update', schema, after: { id: '4', name: UNSENT, big: 'b' } },
        ])
        .take(),
    );
    await sink.complete();
    expect(await database.query(`select * from ${schema.table} order by id`)).toEqual([
      { id: 1, name: 'partial', big: 'big1' },
      { id: 2, name: 'n2', big: 'big2' },
      { id: 3, name: 'then', big: 'new' },
      { id: 4, name: 'a', big: 'b' },
    ]);
    await sink.close();
  });

  it('moves the row when a key change leaves fields unchanged, and deletes and creates otherwise', async () => {
    const schema = shape();
    const sink = await startSink(database.connection, { jobId: jobId() });
    const move = (from: string, to: string, name: string, big: Field): readonly TestEvent[] => [
      { op: 'Delete', schema, before: { id: from }, keyChange: true },
      { op: 'Create', schema, before: { id: from }, after: { id: to, name, big }, keyChange: true },
    ];
    const feed = new ChangeFeed()
      .transaction(10n, [
        { op: 'Create', schema, after: { id: '1', name: 'a', big: 'A' } },
        { op: 'Create', schema, after: { id: '2', name: 'b', big: 'B' } },
      ])
      .transaction(20n, [
        ...move('1', '11', 'moved', UNSENT),
        { op: 'Update', schema, after: { id: '11', name: 'moved on', big: UNSENT } },
        ...move('11', '12', 'again', UNSENT),
        ...move('2', '22', 'plain', 'BB'),
        { op: 'Create', schema, after: { id: '1', name: 'new one', big: 'C' } },
      ]);
    await sink.write(...feed.take());
    await sink.complete();
    expect(await database.query(`select * from ${schema.table} order by id`)).toEqual([
      { id: 1, name: 'new one', big: 'C' },
      { id: 12, name: 'again', big: 'A' },
      { id: 22, name: 'plain', big: 'BB' },
    ]);
    await sink.close();
  });

  it('truncates in order, several tables at once', async () => {
    const schema = shape();
    const other = shape();
    const sink = await startSink(database.connection, { jobId: jobId() });
    const feed = new ChangeFeed().transaction(10n, [
      { op: 'Create', schema, after: { id: '1', name: 'before', big: null } },
      { op: 'Create', schema: other, after: { id: '1', name: 'before', big: null } },
      { op: 'Truncate', schema },
      { op: 'Truncate', schema: other },
      { op: 'Create', schema, after: { id: '2', name: 'after', big: null } },
    ]);
    await sink.write(...feed.take());
    await sink.complete();
    expect(await database.query(`select id from ${schema.table}`)).toEqual([{ id: 2 }]);
    expect(await database.query(`select id from ${other.table}`)).toEqual([]);
    await sink.close();
  });

  it('ignores deletes and truncates when told to', async () => {
    const schema = shape();
    const sink = await startSink(database.connection, { jobId: jobId(), stage: { deletes: 'ignore' } });
    const feed = new ChangeFeed().transaction(10n, [
      { op: 'Create', schema, after: { id: '1', name: 'a', big: null } },
      { op: 'Delete', schema, before: { id: '1' } },
      { op: 'Truncate', schema },
      { op: 'Create', schema, after: { id: '2', name: 'b', big: null } },
    ]);
    await sink.write(...feed.take());
    await sink.complete();
    expect(await database.query(`select id from ${schema.table} order by id`)).toEqual([{ id: 1 }, { id: 2 }]);
    await sink.close();
  });

  it('follows a change of the shape in mid-stream', async () => {
    const wide = shape();
    const narrow = { ...wide, columns: wide.columns.slice(0, 2), fieldCount: 2 };
    const sink = await startSink(database.connection, { jobId: jobId() });
    const feed = new ChangeFeed().transaction(10n, [
      { op: 'Create', schema: wide, after: { id: '1', name: 'a', big: 'x' } },
      { op: 'Update', schema: narrow, after: { id: '1', name: 'b' } },
      { op: 'Create', schema: wide, after: { id: '2', name: 'c', big: 'y' } },
    ]);
    await sink.write(...feed.take());
    await sink.complete();
    expect(await database.query(`select * from ${wide.table} order by id`)).toEqual([
      { id: 1, name: 'b', big: 'x' },
      { id: 2, name: 'c', big: 'y' },
    ]);
    await sink.close();
  });

  it('takes another key with full replica identity, and follows its changes', async () => {
    const schema = tableSchema('s.otherkey', { '*id': 'integer', email: 'text', name: 'text' }, 'full');
    const sink = await startSink(database.connection, {
      jobId: jobId(),
      stage: { key: ['email'], table: '{schema}_{table}' },
    });
    const feed = new ChangeFeed().transaction(10n, [
      { op: 'Create', schema, after: { id: '1', email: 'a@x', name: 'a' } },
      { op: 'Create', schema, after: { id: '2', email: 'b@x', name: 'b' } },
      {
        op: 'Update',
        schema,
        before: { id: '1', email: 'a@x', name: 'a' },
        after: { id: '1', email: 'A@x', name: 'a' },
      },
      { op: 'Delete', schema, before: { id: '2', email: 'b@x', name: 'b' } },
    ]);
    await sink.write(...feed.take());
    await sink.complete();
    expect(await database.query('select * from s_otherkey')).toEqual([{ id: 1, email: 'A@x', name: 'a' }]);
    await sink.close();
  });
});
