import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { describeTables } from '../preflight/describe-tables.ts';
import { createPublication, verifyPublication } from '../publication/publication.ts';
import { openSession } from '../session.ts';
import { StreamProbe } from '../test-support/stream-probe.ts';

const emit = (prefix: string, content: string, isTransactional = true): string =>
  `SELECT pg_logical_emit_message(${isTransactional}, '${prefix}', ${content})`;

describe('messages as tables', () => {
  let database: TestDatabase;
  let probe: StreamProbe;
  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase('messages');
    await database.query('CREATE TABLE rows (id int PRIMARY KEY, v text)');
    await database.query(`ALTER DATABASE ${database.name} SET logical_decoding_work_mem = '64kB'`);
    probe = await StreamProbe.open(database, ['outbox', 'dotted.prefix']);
  });
  afterAll(async () => {
    await probe?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  });

  it('stand among the rows of their transaction, in order, with their index', async () => {
    const events = await probe.changes(
      `BEGIN; INSERT INTO rows VALUES (1, 'a'); ${emit('outbox', "'first'")}; UPDATE rows SET v = 'b'; ${emit('dotted.prefix', "'grüße'")};
       ${emit('outbox', "''")}; DELETE FROM rows; COMMIT`,
    );
    expect(events.map(({ op, table, after, index }) => [op, table, after?.['content'] ?? after?.['v'], index])).toEqual(
      [
        ['c', 'public.rows', 'a', 0],
        ['c', 'pg_message.outbox', 'first', 1],
        ['u', 'public.rows', 'b', 2],
        ['c', 'pg_message.dotted.prefix', 'grüße', 3],
        ['c', 'pg_message.outbox', '', 4],
        ['d', 'public.rows', undefined, 5],
      ],
    );
    expect(new Set(events.map(({ commitLsn }) => commitLsn)).size).toBe(1);
  });

  it('are not there when they are rolled back, also to a savepoint, of another prefix, or outside of transactions', async () => {
    const events = await probe.changes(
      `BEGIN; ${emit('outbox', "'gone'")}; ROLLBACK; BEGIN; ${emit('outbox', "'kept'")}; SAVEPOINT s; ${emit('outbox', "'back'")};
       ROLLBACK TO s; ${emit('other', "'x'")}; ${emit('outbo', "'x'")}; ${emit('outbox', "'now'", false)}; COMMIT; ${emit('outbox', "'now'", false)}`,
    );
    expect(events.map(({ after, index }) => [after!['content'], index])).toEqual([['kept', 0]]);
  });

  it('come whole and in order out of a transaction that the server keeps on disk', async () => {
    const events = await probe.changes(
      `BEGIN; ${emit('outbox', "repeat('x', 1000000)")};
       INSERT INTO rows SELECT n, repeat('r', 100) FROM generate_series(1, 3000) n;
       SELECT pg_logical_emit_message(true, 'outbox', n::text) FROM generate_series(1, 3000) n; COMMIT`,
    );
    const messages = events.filter(({ table }) => table === 'pg_message.outbox');
    expect(messages[0]!.after!['content']).toHaveLength(1_000_000);
    expect(messages.slice(1).map(({ after, index }) => [after!['content'], index])).toEqual(
      Array.from({ length: 3_000 }, (_, n) => [String(n + 1), n + 3_001]),
    );
    const [slot] = await database.query<{ spilled: boolean }>(
      `SELECT spill_txns > 0 AS spilled FROM pg_stat_replication_slots WHERE slot_name = 'probe_${database.name}'`,
    );
    expect(slot).toEqual({ spilled: true });
  });

  it('need no table: neither to be published nor to be described', async () => {
    const connection = { ...database.connection, ssl: 'disable' as const };
    const session = await openSession(connection, { applicationName: 'test' });
    try {
      await createPublication(session, 'alone', []);
      await database.query('ALTER PUBLICATION alone ADD TABLE rows');
      await verifyPublication(session, 'alone', []);
      expect(await database.query("SELECT * FROM pg_publication_tables WHERE pubname = 'alone'")).toEqual([]);
    } finally {
      await session.end();
    }
    const stage = { tables: ['public.rows', 'pg_message.outbox'], initialLoad: 'none', loadConnections: 1 } as const;
    const signal = new AbortController().signal;
    const { shape, findings } = await describeTables(
      connection as never,
      { ...stage, tables: [...stage.tables] },
      signal,
    );
    expect(shape.tables.map(({ id, columns }) => [id, columns.map(({ name }) => name)])).toEqual([
      ['public.rows', ['id', 'v']],
      ['pg_message.outbox', ['content']],
    ]);
    expect(findings.filter(({ severity }) => severity !== 'ok')).toEqual([]);
    expect(findings.map(({ pointer }) => pointer)).toContain('/tables/1');
  });
});
