import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { ChangeFeed, type Field, type TestEvent, tableSchema, UNSENT } from './test-support/change-feed.ts';
import { SinkRunner } from './test-support/sink-runner.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await (await testPostgres()).createDatabase('jdbc');
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

let count = 0;
/** A table of its own for each test. */
const shape = () => tableSchema(`s.t${count++}`, { '*id': 'integer', name: 'text', big: 'text' });
const jobId = () => `job${count++}`;

describe('upsert', () => {
  it('creates schema and table, writes, updates and deletes', async () => {
    const schema = shape();
    const sink = await SinkRunner.start(database.connection, { jobId: jobId() });
    const feed = new ChangeFeed()
      .transaction(10n, [
        { op: 'Create', schema, after: { id: '1', name: 'one', big: null } },
        { op: 'Create', schema, after: { id: '2', name: '', big: 'x' } },
        { op: 'Create', schema, after: { id: '3', name: 'gone', big: 'x' } },
      ])
      .transaction(20n, [
        { op: 'Update', schema, after: { id: '1', name: 'ONE', big: 'b' } },
        { op: 'Delete', schema, before: { id: '3', name: null, big: null } },
      ]);
    await sink.feed(feed.take());
    await sink.snapshot(1);
    expect(await database.query(`select * from ${schema.id} order by id`)).toEqual([
      { id: 1, name: 'ONE', big: 'b' },
      { id: 2, name: '', big: 'x' },
    ]);
    const columns = await database.query(
      "select column_name as name, is_nullable as null, data_type as type from information_schema.columns where table_schema = 's' and table_name = $1 order by ordinal_position",
      [schema.table],
    );
    expect(columns).toEqual([
      { name: 'id', null: 'NO', type: 'integer' },
      { name: 'name', null: 'YES', type: 'text' },
      { name: 'big', null: 'YES', type: 'text' },
    ]);
    await sink.close();
  });

  it('leaves unchanged large fields alone', async () => {
    const schema = shape();
    const sink = await SinkRunner.start(database.connection, { jobId: jobId() });
    const rows = ['1', '2', '3', '4'].map((id) => ({
      op: 'Create' as const,
      schema,
      after: { id, name: `n${id}`, big: `big${id}` },
    }));
    await sink.feed(new ChangeFeed().transaction(10n, rows).take());
    await sink.settle();
    await sink.feed(
      new ChangeFeed()
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
    await sink.settle();
    expect(await database.query(`select * from ${schema.id} order by id`)).toEqual([
      { id: 1, name: 'partial', big: 'big1' },
      { id: 2, name: 'n2', big: 'big2' },
      { id: 3, name: 'then', big: 'new' },
      { id: 4, name: 'a', big: 'b' },
    ]);
    await sink.close();
  });

  it('moves the row when a key change leaves fields unchanged, and deletes and creates otherwise', async () => {
    const schema = shape();
    const sink = await SinkRunner.start(database.connection, { jobId: jobId() });
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
    await sink.feed(feed.take());
    await sink.settle();
    expect(await database.query(`select * from ${schema.id} order by id`)).toEqual([
      { id: 1, name: 'new one', big: 'C' },
      { id: 12, name: 'again', big: 'A' },
      { id: 22, name: 'plain', big: 'BB' },
    ]);
    await sink.close();
  });

  it('truncates in order, several tables at once', async () => {
    const schema = shape();
    const other = shape();
    const sink = await SinkRunner.start(database.connection, { jobId: jobId() });
    const feed = new ChangeFeed().transaction(10n, [
      { op: 'Create', schema, after: { id: '1', name: 'before', big: null } },
      { op: 'Create', schema: other, after: { id: '1', name: 'before', big: null } },
      { op: 'Truncate', schema },
      { op: 'Truncate', schema: other },
      { op: 'Create', schema, after: { id: '2', name: 'after', big: null } },
    ]);
    await sink.feed(feed.take());
    await sink.settle();
    expect(await database.query(`select id from ${schema.id}`)).toEqual([{ id: 2 }]);
    expect(await database.query(`select id from ${other.id}`)).toEqual([]);
    await sink.close();
  });

  it('ignores deletes and truncates when told to', async () => {
    const schema = shape();
    const sink = await SinkRunner.start(database.connection, { jobId: jobId(), stage: { deletes: 'ignore' } });
    const feed = new ChangeFeed().transaction(10n, [
      { op: 'Create', schema, after: { id: '1', name: 'a', big: null } },
      { op: 'Delete', schema, before: { id: '1' } },
      { op: 'Truncate', schema },
      { op: 'Create', schema, after: { id: '2', name: 'b', big: null } },
    ]);
    await sink.feed(feed.take());
    await sink.settle();
    expect(await database.query(`select id from ${schema.id} order by id`)).toEqual([{ id: 1 }, { id: 2 }]);
    await sink.close();
  });

  it('keeps special characters, quotes, unicode, empty strings and nulls apart', async () => {
    const schema = {
      ...tableSchema('s.odd', { '*a "k"': 'text', '*b': 'text', 'v\\"': 'text' }),
      table: 'we"ird.tab\\le',
      schema: 'sch ema',
    };
    const values = [
      '',
      '\\N',
      '\\',
      'tab\there',
      'line\nbreak\r\n',
      '\\.',
      "it's",
      'żółć 🦊 \u{feff}',
      '{"j":"\\u0000"}',
      'NULL',
      '\u0001\u007f\v\f\b',
    ];
    const sink = await SinkRunner.start(database.connection, { jobId: jobId() });
    const rows = [
      ...values.map((value, index) => ({ 'a "k"': value, b: `${index}`, 'v\\"': value })),
      { 'a "k"': 'null', b: '', 'v\\"': null },
    ];
    await sink.feed(
      new ChangeFeed()
        .transaction(
          10n,
          rows.map((after) => ({ op: 'Create' as const, schema, after })),
        )
        .take(),
    );
    await sink.settle();
    const found = await database.query('select * from "sch ema"."we""ird.tab\\le"');
    expect(found).toHaveLength(rows.length);
    expect(found).toEqual(expect.arrayContaining(rows));
    // Composite keys whose parts could be joined in two ways.
    const keys = [
      ['a', 'bc'],
      ['ab', 'c'],
      ['1:a', ''],
    ];
    await sink.feed(
      new ChangeFeed()
        .transaction(20n, [
          { op: 'Truncate', schema },
          ...keys.map(([a, b]) => ({ op: 'Create' as const, schema, after: { 'a "k"': a!, b: b!, 'v\\"': 'x' } })),
        ])
        .take(),
    );
    await sink.settle();
    expect(await database.query('select count(*)::int from "sch ema"."we""ird.tab\\le"')).toEqual([{ count: 3 }]);
    await sink.close();
  });

  it('uses text for types the target lacks, and passes all others exactly', async () => {
    const schema = tableSchema('s.types', {
      '*id': 'bigint',
      n: 'numeric(40,10)',
      f: 'double precision',
      at: 'timestamp(6) with time zone',
      j: 'jsonb',
      b: 'bytea',
      a: 'integer[]',
      m: 'public.mood',
      c: 'character varying(5)',
      i: 'interval',
    });
    const after = {
      id: '9223372036854775807',
      n: '123456789012345678901234567890.0123456789',
      f: '-Infinity',
      at: '2026-11-21 04:00:00.123456+00',
      j: '{"a": "\\"\\\\"}',
      b: '\\xdeadbeef',
      a: '{1,NULL,3}',
      m: 'happy',
      c: 'żółty',
      i: '1 year -2 days +03:04:05.678',
    };
    const sink = await SinkRunner.start(database.connection, { jobId: jobId() });
    await sink.feed(new ChangeFeed().transaction(10n, [{ op: 'Create', schema, after }]).take());
    await sink.settle();
    const text = Object.keys(after)
      .map((name) => `${name}::text`)
      .join();
    const rows = await database.query(`set timezone = 'UTC'; select ${text} from s.types`);
    expect(rows).toEqual([after]);
    const types = await database.query(
      "select format_type(atttypid, atttypmod) as t from pg_attribute where attrelid = 's.types'::regclass and attnum > 0 order by attnum",
    );
    expect(types.map((row) => row.t)).toEqual([
      'bigint',
      'numeric(40,10)',
      'double precision',
      'timestamp(6) with time zone',
      'jsonb',
      'bytea',
      'integer[]',
      'text',
      'character varying(5)',
      'interval',
    ]);
    await sink.close();
  });

  it('follows a change of the shape in mid-stream', async () => {
    const wide = shape();
    const narrow = { ...wide, columns: wide.columns.slice(0, 2), fieldCount: 2 };
    const sink = await SinkRunner.start(database.connection, { jobId: jobId() });
    const feed = new ChangeFeed().transaction(10n, [
      { op: 'Create', schema: wide, after: { id: '1', name: 'a', big: 'x' } },
      { op: 'Update', schema: narrow, after: { id: '1', name: 'b' } },
      { op: 'Create', schema: wide, after: { id: '2', name: 'c', big: 'y' } },
    ]);
    await sink.feed(feed.take());
    await sink.settle();
    expect(await database.query(`select * from ${wide.id} order by id`)).toEqual([
      { id: 1, name: 'b', big: 'x' },
      { id: 2, name: 'c', big: 'y' },
    ]);
    await sink.close();
  });

  it('takes another key with full replica identity, and follows its changes', async () => {
    const schema = tableSchema('s.otherkey', { '*id': 'integer', email: 'text', name: 'text' }, 'full');
    const sink = await SinkRunner.start(database.connection, {
      jobId: jobId(),
      stage: { key: ['email'], table: 'out.{schema}_{table}' },
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
    await sink.feed(feed.take());
    await sink.settle();
    expect(await database.query('select * from out.s_otherkey')).toEqual([{ id: 1, email: 'A@x', name: 'a' }]);
    await sink.close();
  });
});
