import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TableSchema } from '@millrace/formats';
import { jdbcSink } from './index.ts';
import { ChangeFeed, tableSchema } from './test-support/change-feed.ts';
import { resolved, startSink } from './test-support/drive.ts';

let directory: string;
let path: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-sqlite-'));
  path = join(directory, 'target.db');
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const signal = new AbortController().signal;
const connection = (database = path) => ({ dialect: 'sqlite', database });
const check = async (database?: string) =>
  (await jdbcSink.check(resolved(connection(database)).config, signal)).map(({ code, severity }) => [code, severity]);
const checkStage = (tables: readonly TableSchema[], stage: Readonly<Record<string, unknown>> = {}) =>
  jdbcSink.checkStage(resolved(connection(), { stage }), { tables }, signal);
const execute = (sql: string): void => {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
};

it('takes a file that is there or to be created, and says what is wrong with others', async () => {
  expect(await check()).toEqual([['jdbc.reachable', 'ok']]);
  execute('create table t (id integer primary key)');
  expect(await check()).toEqual([['jdbc.reachable', 'ok']]);
  expect(await check(join(directory, 'none', 'x.db'))).toEqual([['jdbc.unreachable', 'error']]);
  writeFileSync(join(directory, 'other'), 'no database, but long enough to be looked at as one '.repeat(40));
  expect(await check(join(directory, 'other'))).toEqual([['jdbc.statement_refused', 'error']]);
});

it('has options of its own', () => {
  expect(jdbcSink.config.safeParse(connection()).success).toBe(true);
  for (const bad of [
    { ...connection(), host: 'h' },
    connection('relative.db'),
    { dialect: 'mysql', database: 'd', user: 'u' },
    { dialect: 'postgres', database: 'd', host: 'h' },
  ]) {
    expect(jdbcSink.config.safeParse(bad).success).toBe(false);
  }
});

describe('checkStage at SQLite', () => {
  it('refuses columns that would change values, keys that fold letter case, and schemas', async () => {
    execute('create table loose (id text collate nocase primary key, n numeric, j datetime, big real)');
    const schema = tableSchema('public.loose', { '*id': 'text', n: 'numeric', j: 'jsonb', big: 'bigint' });
    const found = await checkStage([schema]);
    expect(found.map(({ code, message }) => [code, /column "(\w+)"/.exec(message)?.[1]])).toEqual([
      ['jdbc.column_type_unfit', 'n'],
      ['jdbc.column_type_unfit', 'j'],
      ['jdbc.column_type_unfit', 'big'],
      ['jdbc.key_index_missing', undefined],
    ]);
    execute('create view a_view as select 1 as id');
    const keyed = tableSchema('public.a_view', { '*id': 'integer' });
    expect(await checkStage([keyed])).toEqual([expect.objectContaining({ code: 'jdbc.not_a_table' })]);
    expect(await checkStage([keyed], { table: '{schema}.{table}' })).toEqual([
      expect.objectContaining({ code: 'jdbc.table_missing', pointer: '/table' }),
    ]);
    execute('create table no_key (id integer)');
    const [finding] = await checkStage([keyed], { table: 'no_key' });
    expect(finding).toMatchObject({ code: 'jdbc.key_index_missing' });
    execute(finding!.mend!);
    expect(await checkStage([keyed], { table: 'no_key' })).toEqual([]);
  });

  it('finds the row of a deferred foreign key', async () => {
    execute(`create table parent (id integer primary key);
      create table child (id integer primary key, parent integer references parent (id) deferrable initially deferred)`);
    const schema = tableSchema('public.child', { '*id': 'integer', parent: 'integer' });
    const sink = await startSink(connection(), { jobId: 'deferred' });
    const row = (id: string, parent: string | null) => ({ op: 'Create' as const, schema, after: { id, parent } });
    await sink.write(
      ...new ChangeFeed()
        .transaction(16n, [row('1', null)])
        .transaction(32n, [row('2', null), row('3', '9')])
        .take(),
    );
    expect(await sink.failure).toMatchObject({ code: { code: 'jdbc.row_refused' }, details: { key: { id: '3' } } });
    await sink.close();
  });
});

it("dispose removes the progress of the job's stage only, twice without harm", async () => {
  for (const jobId of ['gone', 'stays']) await (await startSink(connection(), { jobId })).close();
  const options = resolved(connection(), { jobId: 'gone' });
  await jdbcSink.dispose!(options, signal);
  await jdbcSink.dispose!(options, signal);
  const database = new DatabaseSync(path);
  expect(database.prepare('select job_id from millrace_progress where job_id <> ?').all('deferred')).toEqual([
    { job_id: 'stays' },
  ]);
  database.close();
});
