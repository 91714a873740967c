import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TableSchema } from '@millrace/formats';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { jdbcSink } from './index.ts';
import { ChangeFeed, tableSchema } from './test-support/change-feed.ts';
import { resolved, startSink } from './test-support/drive.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await (await testPostgres()).createDatabase('jdbc');
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const signal = new AbortController().signal;
const checkStage = (tables: readonly TableSchema[], stage: Readonly<Record<string, unknown>> = {}) =>
  jdbcSink.checkStage(resolved(database.connection, { stage }), { tables }, signal);

describe('check', () => {
  it('finds nothing wrong with a fit database', async () => {
    const findings = await jdbcSink.check(resolved(database.connection).config, signal);
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([['jdbc.reachable', 'ok']]);
  });

  it('names what the role lacks with the statement that gives it', async () => {
    const role = `poor_${database.name}`;
    await database.query(
      `create role ${role} login; revoke temp on database ${database.name} from public; revoke create on schema public from public`,
    );
    const { config } = resolved({ ...database.connection, user: role });
    const findings = await jdbcSink.check(config, signal);
    expect(findings.map(({ code, severity, mend }) => [code, severity, mend])).toEqual([
      ['jdbc.reachable', 'ok', undefined],
      ['jdbc.no_temporary', 'error', `GRANT TEMPORARY ON DATABASE "${database.name}" TO "${role}";`],
      ['jdbc.no_create', 'error', `GRANT CREATE ON SCHEMA "public" TO "${role}";`],
      ['jdbc.no_create_schema', 'warning', `GRANT CREATE ON DATABASE "${database.name}" TO "${role}";`],
    ]);
    const stage = { config, stage: jdbcSink.stage.parse({}), job: { jobId: 'j', jobName: 'j', stage: 's' } };
    const tables = [
      tableSchema('public.absent', { '*id': 'integer' }),
      tableSchema('absent.absent', { '*id': 'integer' }),
    ];
    expect((await jdbcSink.checkStage(stage, { tables }, signal)).map(({ code, mend }) => [code, mend])).toEqual([
      ['jdbc.rights_missing', `GRANT CREATE ON SCHEMA "public" TO "${role}";`],
      ['jdbc.rights_missing', `GRANT CREATE ON DATABASE "${database.name}" TO "${role}";`],
    ]);
    for (const finding of findings) if (finding.severity !== 'ok') await database.query(finding.mend!);
    expect((await jdbcSink.check(config, signal)).map(({ severity }) => severity)).toEqual(['ok']);
    await database.query(`drop owned by ${role}; drop role ${role}`);
  });

  it('tells an unreachable server from a refused login', async () => {
    const { config } = resolved(database.connection);
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
    expect(await codes({ ssl: 'require' })).toEqual([['jdbc.unreachable', 'error', '/host']]);
  });
});

describe('options', () => {
  it('are strict and marked', () => {
    expect(jdbcSink.stage.parse({})).toEqual({
      mode: 'upsert',
      columns: {},
      deletes: 'apply',
      deletedColumn: '_deleted',
      changeColumns: true,
      createTable: true,
      addColumns: true,
    });
    for (const bad of [
      { mod: 'upsert' },
      { table: '{schema}.{tabel}' },
      { table: '.x' },
      { key: [] },
      { key: ['a', 'a'] },
      { deletes: 'no' },
    ]) {
      expect(jdbcSink.stage.safeParse(bad).success).toBe(false);
    }
    expect(jdbcSink.config.safeParse({ host: 'h', database: 'd', user: 'u', url: 'x' }).success).toBe(false);
  });
});

describe('checkStage', () => {
  const keyed = tableSchema('public.checked', { '*id': 'integer', name: 'character varying(9)' });

  it('wants a key, and columns that exist and are delivered', async () => {
    const keyless = tableSchema('public.keyless', { id: 'integer', name: 'text' });
    expect(await checkStage([keyless])).toEqual([
      expect.objectContaining({ code: 'jdbc.key_missing', severity: 'error', pointer: '/key' }),
    ]);
    expect(await checkStage([keyless], { key: ['nam'] })).toEqual([
      expect.objectContaining({ code: 'jdbc.key_unknown', pointer: '/key/0', mend: 'Did you mean "name"?' }),
    ]);
    expect(await checkStage([keyless], { key: ['name'] })).toEqual([
      expect.objectContaining({
        code: 'jdbc.key_not_delivered',
        mend: 'ALTER TABLE "public"."keyless" REPLICA IDENTITY FULL;',
      }),
    ]);
    expect(await checkStage([{ ...keyless, replicaIdentity: 'full' }], { key: ['name'] })).toEqual([]);
  });

  it('lists what an existing table lacks, and the statements mend it', async () => {
    await database.query('create table checked (id integer, extra text not null)');
    const findings = await checkStage([keyed], { addColumns: false });
    expect(findings.map(({ code, mend }) => [code, mend])).toEqual([
      ['jdbc.column_missing', 'ALTER TABLE "public"."checked" ADD COLUMN "name" character varying(9);'],
      ['jdbc.column_not_fed', 'ALTER TABLE "public"."checked" ALTER COLUMN "extra" DROP NOT NULL;'],
      ['jdbc.key_index_missing', 'CREATE UNIQUE INDEX ON "public"."checked" ("id");'],
    ]);
    const sink = await startSink(database.connection, { jobId: 'unfit', stage: { addColumns: false } });
    await sink.write(
      ...new ChangeFeed().transaction(16n, [{ op: 'Create', schema: keyed, after: { id: '1', name: 'n' } }]).take(),
    );
    expect(await sink.failure).toMatchObject({ code: { code: 'jdbc.column_missing' }, mend: findings[0]!.mend });
    await sink.close();
    for (const { mend } of findings) await database.query(mend!);
    expect(await checkStage([keyed])).toEqual([]);
    const again = await startSink(database.connection, { jobId: 'unfit', generation: 2 });
    await again.write(
      ...new ChangeFeed().transaction(16n, [{ op: 'Create', schema: keyed, after: { id: '1', name: 'n' } }]).take(),
    );
    await again.complete();
    expect(await database.query('select id, name from checked')).toEqual([{ id: 1, name: 'n' }]);
    await again.close();
  });

  it('does not take a partial or a deferrable index for a key', async () => {
    await database.query(
      `create table indexed (id integer unique deferrable, name varchar(9)); create unique index on indexed (id) where name is null`,
    );
    expect(await checkStage([keyed], { table: 'indexed' })).toEqual([
      expect.objectContaining({ code: 'jdbc.key_index_missing' }),
    ]);
  });

  it('refuses views, missing tables when told not to create them, and one target for two tables', async () => {
    await database.query('create view a_view as select 1 as id');
    expect(await checkStage([keyed], { table: 'public.a_view' })).toEqual([
      expect.objectContaining({ code: 'jdbc.not_a_table', pointer: '/table' }),
    ]);
    expect(await checkStage([keyed], { table: 'public.none', createTable: false })).toEqual([
      expect.objectContaining({ code: 'jdbc.table_missing', pointer: '/createTable' }),
    ]);
    const other = tableSchema('other.checked', { '*id': 'integer', name: 'text' });
    expect(await checkStage([keyed, other], { table: 'public.both' })).toEqual([
      expect.objectContaining({ code: 'jdbc.target_shared', pointer: '/table' }),
    ]);
  });

  it("leaves the target's own columns to the target", async () => {
    await database.query(
      `create table public.own (id integer generated always as identity primary key, name text, length integer generated always as (length(name)) stored, at timestamptz not null default now())`,
    );
    const schema = tableSchema('public.own', { '*id': 'integer', name: 'text', length: 'integer' });
    expect(await checkStage([schema])).toEqual([]);
    const sink = await startSink(database.connection, { jobId: 'own' });
    const after = { id: '7', name: 'four', length: '99' };
    await sink.write(
      ...new ChangeFeed()
        .transaction(16n, [{ op: 'Create', schema, after }])
        .transaction(17n, [{ op: 'Update', schema, after: { ...after, name: 'fives' } }])
        .take(),
    );
    await sink.complete();
    expect(await database.query('select id, name, length, at is not null as at from own')).toEqual([
      { id: 7, name: 'fives', length: 5, at: true },
    ]);
    await sink.close();
  });
});

describe('dispose', () => {
  it("removes the progress of the job's stage only, twice without harm", async () => {
    for (const jobId of ['gone', 'stays']) await (await startSink(database.connection, { jobId })).close();
    const options = resolved(database.connection, { jobId: 'gone' });
    await jdbcSink.dispose!(options, signal);
    await jdbcSink.dispose!(options, signal);
    expect(await database.query("select job_id from millrace_progress where job_id in ('gone', 'stays')")).toEqual([
      { job_id: 'stays' },
    ]);
  });
});
