import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresServer, type TestDatabase, testPostgres } from '@millrace/testing';
import { connectionSchema, type StageOptions, stageSchema } from '../config.ts';
import { checkConnection } from './check-connection.ts';
import { describeTables } from './describe-tables.ts';

const { signal } = new AbortController();

describe('checkConnection', () => {
  it('finds nothing wrong with a server that is set up', async () => {
    await using database = await (await testPostgres()).createDatabase('check');
    const findings = await checkConnection(connectionSchema.parse(database.connection), signal);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(findings.map(({ code }) => code)).toEqual([
      'postgres.server_version',
      'postgres.wal_level',
      'postgres.primary',
      'postgres.free_slots',
      'postgres.free_senders',
      'postgres.replication_right',
      'postgres.max_slot_wal_keep_size',
    ]);
  });

  it('says that nobody answers as a finding', async () => {
    const config = connectionSchema.parse({ host: 'host.invalid', database: 'd', user: 'u' });
    expect(await checkConnection(config, signal)).toMatchObject([
      { code: 'postgres.unreachable', severity: 'error', pointer: '/host' },
    ]);
  });

  it('names every setting and right that is missing, with the statement that repairs it', async () => {
    const server = await PostgresServer.start({
      settings: { wal_level: 'replica', max_replication_slots: '1', max_wal_senders: '0' },
    });
    try {
      await using database = await server.createDatabase('check');
      await database.query("CREATE ROLE plain LOGIN; SELECT pg_create_physical_replication_slot('taken')");
      const config = connectionSchema.parse({ ...database.connection, user: 'plain' });
      const errors = (await checkConnection(config, signal)).filter(({ severity }) => severity === 'error');
      expect(errors).toMatchObject([
        {
          code: 'postgres.wal_level_not_logical',
          mend: expect.stringContaining('ALTER SYSTEM SET wal_level = logical'),
        },
        { code: 'postgres.free_slots', mend: expect.stringContaining('ALTER SYSTEM SET max_replication_slots = 11') },
        { code: 'postgres.free_senders', mend: expect.stringContaining('ALTER SYSTEM SET max_wal_senders = 10') },
        { code: 'postgres.replication_right', mend: 'ALTER ROLE "plain" REPLICATION;' },
      ]);
      await database.query("SELECT pg_drop_replication_slot('taken')");
    } finally {
      await server.stop();
    }
  });
});

describe('describeTables', () => {
  let database: TestDatabase;
  const describeAs = (user: string, stage: Partial<StageOptions> & Pick<StageOptions, 'tables'>) =>
    describeTables(connectionSchema.parse({ ...database.connection, user }), stageSchema.parse(stage), signal);

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase('describe');
    await database.query(`
      CREATE ROLE ${database.name} LOGIN REPLICATION;
      CREATE TABLE orders (id int PRIMARY KEY, total numeric(12,2) NOT NULL, note text);
      CREATE TABLE "Odd.Name" (a text, b int, c int GENERATED ALWAYS AS (b + 1) STORED, PRIMARY KEY (b, a));
      CREATE TABLE log (line text);
      CREATE TABLE silent (id int PRIMARY KEY);
      ALTER TABLE silent REPLICA IDENTITY NOTHING;
      CREATE UNLOGGED TABLE fast (id int PRIMARY KEY);
      CREATE VIEW seen AS SELECT * FROM orders;
      CREATE TABLE guarded (id int PRIMARY KEY);
      ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
      CREATE SCHEMA hidden;
      CREATE TABLE hidden.t (id int PRIMARY KEY)`);
  });

  afterAll(async () => {
    await database.query(
      `REASSIGN OWNED BY ${database.name} TO CURRENT_USER; DROP OWNED BY ${database.name}; DROP ROLE ${database.name}`,
    );
    await database[Symbol.asyncDispose]();
  });

  it('gives the shape of the tables', async () => {
    const { shape, findings } = await describeAs(database.connection.user, {
      tables: ['public.orders', 'public.Odd.Name'],
    });
    expect(findings.map(({ severity }) => severity)).toEqual(['ok', 'ok']);
    expect(shape.tables).toMatchObject([
      {
        id: 'public.orders',
        fieldCount: 3,
        replicaIdentity: 'default',
        columns: [
          { name: 'id', field: 0, kind: 'integer', sqlType: 'integer', key: true, nullable: false },
          { name: 'total', field: 1, kind: 'exact', sqlType: 'numeric(12,2)', key: false, nullable: false },
          { name: 'note', field: 2, kind: 'text', sqlType: 'text', key: false, nullable: true },
        ],
      },
      {
        id: 'public.Odd.Name',
        table: 'Odd.Name',
        fieldCount: 2,
        columns: [
          { name: 'a', key: true },
          { name: 'b', key: true },
        ],
      },
    ]);
  });

  it('suggests names like the one that is not there', async () => {
    const { shape, findings } = await describeAs(database.connection.user, {
      tables: ['public.order', 'public.xxxxxxxxxxxx'],
    });
    expect(shape.tables).toEqual([]);
    expect(findings).toMatchObject([
      { code: 'postgres.no_such_table', severity: 'error', pointer: '/tables/0', mend: 'Did you mean public.orders?' },
      { code: 'postgres.no_such_table', severity: 'error', pointer: '/tables/1' },
    ]);
  });

  it.each([
    ['public.log', 'warning', 'postgres.no_replica_identity', 'ALTER TABLE "public"."log" REPLICA IDENTITY FULL'],
    ['public.silent', 'warning', 'postgres.no_replica_identity', 'ALTER TABLE "public"."silent" REPLICA IDENTITY FULL'],
    ['public.fast', 'error', 'postgres.not_logged', 'ALTER TABLE "public"."fast" SET LOGGED'],
    ['public.seen', 'error', 'postgres.not_a_table', 'Name the tables it reads.'],
  ])('of %s: %s %s', async (table, severity, code, mend) => {
    const { findings } = await describeAs(database.connection.user, { tables: [table] });
    expect(findings).toMatchObject([{ severity, code, mend: expect.stringContaining(mend), pointer: '/tables/0' }]);
  });

  it('names the missing rights with the GRANT for each, and those statements repair them', async () => {
    const role = database.name;
    const tables = ['public.orders', 'hidden.t', 'public.guarded'];
    const before = (await describeAs(role, { tables })).findings;
    expect(before.map(({ code, pointer }) => [code, pointer])).toEqual([
      ['postgres.no_create_right', undefined],
      ['postgres.no_select_right', '/tables/0'],
      ['postgres.not_owner', '/tables/0'],
      ['postgres.no_select_right', '/tables/1'],
      ['postgres.no_select_right', '/tables/1'],
      ['postgres.not_owner', '/tables/1'],
      ['postgres.no_select_right', '/tables/2'],
      ['postgres.row_security', '/tables/2'],
      ['postgres.not_owner', '/tables/2'],
    ]);
    for (const { mend } of before) await database.query(mend!.replace(/--.*/, ''));
    const after = (await describeAs(role, { tables })).findings;
    expect(after.map(({ severity }) => severity)).toEqual(['ok', 'ok', 'ok']);
  });
});
