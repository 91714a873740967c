import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { ChangeFeed, tableSchema } from './test-support/change-feed.ts';
import { startSink } from './test-support/drive.ts';

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

describe('upsert at PostgreSQL', () => {
  it('creates schema and table, writes, updates and deletes', async () => {
    const schema = shape();
    const sink = await startSink(database.connection, { jobId: jobId() });
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
    await sink.write(...feed.take());
    await sink.prepare(1);
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
    const sink = await startSink(database.connection, { jobId: jobId() });
    const rows = [
      ...values.map((value, index) => ({ 'a "k"': value, b: `${index}`, 'v\\"': value })),
      { 'a "k"': 'null', b: '', 'v\\"': null },
    ];
    await sink.write(
      ...new ChangeFeed()
        .transaction(
          10n,
          rows.map((after) => ({ op: 'Create' as const, schema, after })),
        )
        .take(),
    );
    await sink.complete();
    const found = await database.query('select * from "sch ema"."we""ird.tab\\le"');
    expect(found).toHaveLength(rows.length);
    expect(found).toEqual(expect.arrayContaining(rows));
    // Composite keys whose parts could be joined in two ways.
    const keys = [
      ['a', 'bc'],
      ['ab', 'c'],
      ['1:a', ''],
    ];
    await sink.write(
      ...new ChangeFeed()
        .transaction(20n, [
          { op: 'Truncate', schema },
          ...keys.map(([a, b]) => ({ op: 'Create' as const, schema, after: { 'a "k"': a!, b: b!, 'v\\"': 'x' } })),
        ])
        .take(),
    );
    await sink.complete();
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
    const sink = await startSink(database.connection, { jobId: jobId() });
    await sink.write(...new ChangeFeed().transaction(10n, [{ op: 'Create', schema, after }]).take());
    await sink.complete();
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
});
