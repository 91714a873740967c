import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Lsn, parseLsn } from '@millrace/formats';
import { systemClock } from '@millrace/kernel';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import type { Client } from 'pg';
import { connectionSchema } from '../config.ts';
import { createPublication, dropPublication, verifyPublication } from '../publication/publication.ts';
import { openSession } from '../session.ts';
import { replicationNames } from './replication-names.ts';
import { createSlot, dropSlot, verifySlot } from './slot.ts';

const { signal } = new AbortController();
const A = { schema: 'public', table: 'a' };
const ODD = { schema: 'public', table: 'Odd "name"' };

describe('slot and publication', () => {
  let database: TestDatabase;
  let session: Client;
  let name: string;
  const sessionOf = (user: string): Promise<Client> =>
    openSession(connectionSchema.parse({ ...database.connection, user }), { applicationName: 'test' });
  const published = async (): Promise<string[]> =>
    (
      await database.query<{ tablename: string }>(
        'SELECT tablename FROM pg_publication_tables WHERE pubname = $1 ORDER BY 1',
        [name],
      )
    ).map((row) => row.tablename);

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase('slot');
    name = database.name;
    await database.query(
      'CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE "Odd ""name""" (id int PRIMARY KEY); CREATE TABLE child () INHERITS (a)',
    );
    await database.query(`CREATE ROLE ${name} LOGIN`);
    session = await sessionOf(database.connection.user);
  });
  afterEach(async () => {
    await dropSlot(session, name, systemClock, signal);
    await dropPublication(session, name);
  });
  afterAll(async () => {
    await session.end();
    await database[Symbol.asyncDispose]();
  });

  it('creates a slot at a position from which it can be verified, and drops it twice', async () => {
    const position = await createSlot(session, name, systemClock, signal);
    await verifySlot(session, name, position);
    await dropSlot(session, name, systemClock, signal);
    await dropSlot(session, name, systemClock, signal);
    await expect(verifySlot(session, name, position)).rejects.toMatchObject({
      code: { code: 'postgres.position_lost' },
    });
  });

  it('names both positions when the slot has been confirmed past the job', async () => {
    const position = await createSlot(session, name, systemClock, signal);
    await database.query('INSERT INTO a VALUES (1)');
    const [moved] = await database.query<{ lsn: string }>(
      'SELECT end_lsn::text AS lsn FROM pg_replication_slot_advance($1, pg_current_wal_lsn())',
      [name],
    );
    await expect(verifySlot(session, name, position)).rejects.toMatchObject({
      code: { code: 'postgres.position_lost' },
      details: { confirmedLsn: moved!.lsn },
      mend: expect.stringContaining('Two ways on'),
    });
    await verifySlot(session, name, parseLsn(moved!.lsn));
  });

  it('takes no slot of another kind or database for its own', async () => {
    await database
      .query(`SELECT pg_create_logical_replication_slot('${name}', 'test_decoding')`)
      .catch(() => database.query(`SELECT pg_create_physical_replication_slot('${name}')`));
    await expect(createSlot(session, name, systemClock, signal)).rejects.toMatchObject({
      code: { code: 'postgres.foreign_object' },
    });
    await expect(verifySlot(session, name, 0n as Lsn)).rejects.toMatchObject({
      code: { code: 'postgres.foreign_object' },
    });
    await database.query(`SELECT pg_drop_replication_slot('${name}')`);
  });

  it('publishes exactly the tables, and says when that is no longer so', async () => {
    await createPublication(session, name, [A, ODD]);
    expect(await published()).toEqual(['Odd "name"', 'a']);
    await verifyPublication(session, name, [A, ODD]);
    await database.query(`ALTER PUBLICATION ${name} ADD TABLE b`);
    await verifyPublication(session, name, [A, ODD]);
    expect(await published()).toEqual(['Odd "name"', 'a']);
    await database.query(`ALTER PUBLICATION ${name} DROP TABLE ONLY a`);
    await expect(verifyPublication(session, name, [A, ODD])).rejects.toMatchObject({
      code: { code: 'postgres.position_lost' },
      message: expect.stringContaining('public.a'),
    });
    await createPublication(session, name, [A]);
    expect(await published()).toEqual(['a']);
  });

  it('says which right is missing, with the statement that gives it', async () => {
    const weak = await sessionOf(name);
    await expect(createSlot(weak, name, systemClock, signal)).rejects.toMatchObject({
      code: { code: 'postgres.missing_privilege' },
      mend: `ALTER ROLE "${name}" REPLICATION;`,
    });
    await expect(createPublication(weak, name, [A])).rejects.toMatchObject({
      code: { code: 'postgres.missing_privilege' },
      mend: expect.stringContaining(`CREATE PUBLICATION "${name}" FOR TABLE ONLY "public"."a"`),
    });
    await weak.end();
    await database.query(`DROP ROLE ${name}`);
  });

  it('says which table there is not', async () => {
    await expect(createPublication(session, name, [{ schema: 'public', table: 'nope' }])).rejects.toMatchObject({
      code: { code: 'postgres.no_such_table' },
    });
  });
});

describe('replicationNames', () => {
  it('fits every stage name into 63 characters, no two into one', () => {
    const jobId = '01JDTESTJ0B000000000000000';
    const stages = ['orders', 'Orders', 'or-ders', 'or_ders', 'x'.repeat(63), `${'x'.repeat(62)}y`];
    const names = stages.map((stage) => replicationNames({ jobId, jobName: 'j', stage }).slot);
    expect(names[0]).toBe('millrace_01jdtestj0b000000000000000_orders');
    expect(new Set(names).size).toBe(stages.length);
    for (const slot of names) expect(slot).toMatch(/^[a-z0-9_]{1,63}$/);
  });
});
