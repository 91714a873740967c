import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TableSchema } from '@millrace/formats';
import { type MariadbDatabase, testMariadb } from '@millrace/testing';
import { jdbcSink } from './index.ts';
import { ChangeFeed, tableSchema } from './test-support/change-feed.ts';
import { resolved, startSink } from './test-support/drive.ts';

let database: MariadbDatabase;
beforeAll(async () => {
  database = await (await testMariadb()).createDatabase('jdbc');
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const signal = new AbortController().signal;
const connection = () => ({ dialect: 'mysql', ...database.connection });
const checkStage = (tables: readonly TableSchema[], stage: Readonly<Record<string, unknown>> = {}) =>
  jdbcSink.checkStage(resolved(connection(), { stage }), { tables }, signal);

describe('check at MariaDB', () => {
  it('finds nothing wrong with a fit database', async () => {
    const findings = await jdbcSink.check(resolved(connection()).config, signal);
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([['jdbc.reachable', 'ok']]);
  });

  it('names what the user lacks with the statement that gives it', async () => {
    const user = `poor${database.name.slice(-6)}`;
    await database.query(`create user '${user}'@'%'; grant select on \`${database.name}\`.* to '${user}'@'%'`);
    const { config } = resolved({ ...connection(), user });
    const check = async () =>
      (await jdbcSink.check(config, signal)).map(({ code, severity, mend }) => [code, severity, mend]);
    const on = `ON \`${database.name}\`.* TO '${user}'@'%';`;
    const found = await check();
    expect(found).toEqual([
      ['jdbc.reachable', 'ok', undefined],
      ['jdbc.no_temporary', 'error', `GRANT CREATE TEMPORARY TABLES ${on}`],
      ['jdbc.no_create', 'error', `GRANT CREATE ${on}`],
      ['jdbc.no_progress_rights', 'error', `GRANT INSERT, UPDATE, DELETE ${on}`],
    ]);
    const stage = { config, stage: jdbcSink.stage.parse({}), job: { jobId: 'j', jobName: 'j', stage: 's' } };
    const tables = [tableSchema('public.absent', { '*id': 'integer' })];
    expect((await jdbcSink.checkStage(stage, { tables }, signal)).map(({ code, mend }) => [code, mend])).toEqual([
      ['jdbc.rights_missing', `GRANT CREATE ${on}`],
    ]);
    for (const [, , mend] of found) if (mend !== undefined) await database.query(mend);
    expect((await check()).map(([code]) => code)).toEqual(['jdbc.reachable']);
    await database.query(`drop user '${user}'@'%'`);
  });

  it('tells an unreachable server from a refused login', async () => {
    const { config } = resolved(connection());
    const codes = async (change: Partial<typeof config>) =>
      (await jdbcSink.check({ ...config, ...change }, signal)).map(({ code, severity, pointer }) => [
        code,
        severity,
        pointer,
      ]);
    expect(await codes({ port: 1 })).toEqual([['jdbc.unreachable', 'error', '/host']]);
    expect(await codes({ user: 'nobody_here' })).toEqual([['jdbc.login_refused', 'error', '/user']]);
    expect(await codes({ database: 'no_such' })).toEqual([['jdbc.login_refused', 'error', '/database']]);
    expect(await codes({ ssl: 'prefer' })).toEqual([['jdbc.reachable', 'ok', undefined]]);
    // MySQL makes itself a certificate.
    const [server] = await database.query<{ version: string }>('select version() as version');
    if (server!.version.includes('MariaDB')) {
      expect(await codes({ ssl: 'require' })).toEqual([['jdbc.unreachable', 'error', '/host']]);
    }
  });
});

describe('checkStage at MariaDB', () => {
  it('refuses columns that would change values, and warns of keys that fold letter case', async () => {
    await database.query(`create table loose (id varchar(20) character set utf8mb4 collate utf8mb4_general_ci primary key,
      f float, e enum('a', 'b'), b binary(4), n decimal(10,2), extra int not null, v int as (1) virtual)`);
    const schema = tableSchema('public.loose', {
      '*id': 'text',
      f: 'real',
      e: 'text',
      b: 'bytea',
      n: 'numeric',
      v: 'integer',
    });
    const found = await checkStage([schema]);
    expect(found.map(({ code, message }) => [code, /column "(\w+)"/.exec(message)?.[1]])).toEqual([
      ['jdbc.column_type_unfit', 'f'],
      ['jdbc.column_type_unfit', 'e'],
      ['jdbc.column_type_unfit', 'b'],
      ['jdbc.column_not_fed', 'extra'],
    ]);
    await database.query('alter table loose modify f double, modify e text, modify b blob, drop extra');
    expect((await checkStage([schema])).map(({ code, severity }) => [code, severity])).toEqual([
      ['jdbc.key_collation', 'warning'],
    ]);
    const sink = await startSink(connection(), { jobId: 'fold' });
    const row = (id: string) => ({ op: 'Create' as const, schema, after: { id, n: '1.50', v: '7' } });
    await sink.write(
      ...new ChangeFeed()
        .transaction(16n, [row('a')])
        .transaction(32n, [row('A')])
        .take(),
    );
    await expect(sink.complete()).rejects.toMatchObject({
      code: { code: 'jdbc.row_refused' },
      details: { key: { id: 'A' } },
    });
    await sink.close();
    expect(await database.query('select id, n from loose')).toEqual([{ id: 'a', n: '1.50' }]);
  });

  it('refuses views, tables without the key, and schemas that may not be created', async () => {
    await database.query('create view a_view as select 1 as id; create table no_key (id int)');
    const schema = tableSchema('public.a_view', { '*id': 'integer' });
    expect(await checkStage([schema])).toEqual([expect.objectContaining({ code: 'jdbc.not_a_table' })]);
    expect(await checkStage([schema], { table: 'no_key' })).toEqual([
      expect.objectContaining({
        code: 'jdbc.key_index_missing',
        mend: 'ALTER TABLE `no_key` ADD UNIQUE (`id`);',
      }),
    ]);
    await database.query('alter table no_key add unique (id)');
    expect(await checkStage([schema], { table: 'no_key' })).toEqual([]);
  });

  it('names no values of a refused row but its key', async () => {
    await database.query('create table quiet (id int primary key, v varchar(50) unique)');
    await database.query("insert into quiet values (1, 'secret')");
    const schema = tableSchema('public.quiet', { '*id': 'integer', v: 'text' });
    const sink = await startSink(connection(), { jobId: 'quiet' });
    await sink.write(
      ...new ChangeFeed().transaction(16n, [{ op: 'Create', schema, after: { id: '2', v: 'secret' } }]).take(),
    );
    const failure = (await sink.failure) as Error;
    expect(failure).toMatchObject({
      code: { code: 'jdbc.row_refused' },
      message: expect.stringContaining('Duplicate entry'),
    });
    expect(failure.message).not.toContain('secret');
    await sink.close();
  });
});

it("dispose removes the progress of the job's stage only, twice without harm", async () => {
  for (const jobId of ['gone', 'stays']) await (await startSink(connection(), { jobId })).close();
  const options = resolved(connection(), { jobId: 'gone' });
  await jdbcSink.dispose!(options, signal);
  await jdbcSink.dispose!(options, signal);
  expect(await database.query("select job_id from millrace_progress where job_id in ('gone', 'stays')")).toEqual([
    { job_id: 'stays' },
  ]);
});
