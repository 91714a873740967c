import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { Inbox } from '../inbox/inbox.ts';
import { Outbox } from '../outbox/outbox.ts';
import { prismaClient } from '../test-support/prisma-client.ts';
import { type Executor, NotATransaction } from './executor.ts';
import { fromDrizzle } from './from-drizzle.ts';
import { fromKysely } from './from-kysely.ts';
import { fromPg } from './from-pg.ts';
import { fromPrisma } from './from-prisma.ts';
import { fromTypeOrm } from './from-typeorm.ts';

let database: TestDatabase;
let pool: pg.Pool;
let dataSource: DataSource;
let prisma: ReturnType<typeof prismaClient>;

beforeAll(async () => {
  const server = await testPostgres();
  database = await server.createDatabase('executors');
  pool = new pg.Pool({ connectionString: database.url });
  dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  prisma = prismaClient(database.url);
  await pool.query('CREATE TABLE effects (name text NOT NULL)');
});
afterAll(async () => {
  await prisma.$disconnect();
  await dataSource.destroy();
  await pool.end();
  await database[Symbol.asyncDispose]();
});

// biome-ignore lint/suspicious/noExplicitAny: handles of five libraries
const executors: Readonly<Record<string, () => { executor: Executor<any>; none: any }>> = {
  pg: () => ({ executor: fromPg(pool), none: pool }),
  TypeORM: () => ({ executor: fromTypeOrm(dataSource), none: dataSource.manager }),
  Kysely: () => {
    const db = new Kysely<object>({ dialect: new PostgresDialect({ pool }) });
    return { executor: fromKysely(db), none: db };
  },
  Drizzle: () => {
    const db = drizzle({ client: pool });
    return { executor: fromDrizzle(db), none: db };
  },
  Prisma: () => {
    return { executor: fromPrisma(prisma), none: prisma };
  },
};

describe.each(Object.entries(executors))('an executor of %s', (name, open) => {
  const effects = async (): Promise<number> =>
    (await pool.query('SELECT FROM effects WHERE name = $1', [name])).rowCount!;

  it('does the work of a change once, however often and at once it is asked', async () => {
    const { executor } = open();
    const inbox = new Inbox({ executor });
    await inbox.migrate();
    await inbox.migrate();
    const once = () =>
      inbox.once(name, '0/1/1', async (tx) => {
        await executor.queryIn(tx)('INSERT INTO effects VALUES ($1) RETURNING name', [name]);
        return 'done';
      });
    const failing = inbox.once(name, '0/1/1', async (tx) => {
      await executor.queryIn(tx)('INSERT INTO effects VALUES ($1) RETURNING name', [name]);
      throw new Error('in the middle');
    });
    await expect(failing).rejects.toThrow('in the middle');
    expect(await effects()).toBe(0);
    const answers = await Promise.all([once(), once(), once()]);
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(1);
    expect(await once()).toBeUndefined();
    expect(await effects()).toBe(1);
    await pool.query("UPDATE millrace_inbox SET handled_at = now() - interval '31 days' WHERE consumer = $1", [name]);
    await inbox.prune();
    expect(await once()).toBe('done');
  });

  it('refuses a handle that is no transaction', async () => {
    const { executor, none } = open();
    const outbox = new Outbox({ executor });
    await outbox.migrate();
    await expect(outbox.add(none, { topic: 't', payload: {} })).rejects.toThrow(NotATransaction);
  });

  it('adds to the outbox what the transaction commits, and leaves the table empty', async () => {
    const { executor } = open();
    const outbox = new Outbox({ executor });
    await executor.transaction(async (tx) => {
      await outbox.add(tx, { topic: 'mail', key: 'k', payload: { text: "it's" }, headers: { a: 'b' } });
      await expect(outbox.add(tx, { topic: 'no topic', payload: {} })).rejects.toThrow('no name for a topic');
      await expect(outbox.add(tx, { topic: 'mail', payload: undefined })).rejects.toThrow('nothing that JSON has');
    });
    expect((await pool.query('SELECT FROM millrace_outbox')).rowCount).toBe(0);
  });

  it('adds to the outbox by a message what the transaction commits, with no table at all', async () => {
    const { executor, none } = open();
    const outbox = new Outbox({ executor, by: 'message', prefix: 'executors' });
    await outbox.migrate();
    await expect(outbox.add(none, { topic: 't', payload: {} })).rejects.toThrow(NotATransaction);
    const session = await pool.connect();
    try {
      await session.query(`SELECT pg_create_logical_replication_slot('${database.name}', 'pgoutput', true)`);
      await executor.transaction((tx) => outbox.add(tx, { topic: 'mail', key: 'k', payload: { text: "it's" } }));
      const undone = executor.transaction(async (tx) => {
        await outbox.add(tx, { topic: 'undone', payload: {} });
        throw new Error('undone');
      });
      await expect(undone).rejects.toThrow('undone');
      const { rows } = await session.query<{ content: string }>(
        `SELECT convert_from(substring(data FROM position('{'::bytea IN data)), 'utf8') AS content
         FROM pg_logical_slot_get_binary_changes('${database.name}', NULL, NULL, 'proto_version', '1', 'publication_names', 'none', 'messages', 'true')
         WHERE get_byte(data, 0) = ascii('M')`,
      );
      expect(rows.map(({ content }) => JSON.parse(content) as unknown)).toEqual([
        { topic: 'mail', key: 'k', payload: `{"text":"it's"}`, headers: '{}' },
      ]);
    } finally {
      session.release(true);
    }
  });
});

it('takes no prefix that would be another one in the job', () => {
  expect(() => new Outbox({ executor: fromPg(pool), by: 'message', prefix: 'a.b' })).toThrow('"a.b" is no prefix here');
});

describe('an executor of pg', () => {
  it('refuses a client on which nothing was begun', async () => {
    const client = await pool.connect();
    try {
      await client.query('SELECT 1');
      expect(() => fromPg(pool).queryIn(client)).toThrow(NotATransaction);
    } finally {
      client.release();
    }
  });
});
