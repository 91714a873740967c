import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresServer, type TestDatabase } from '@millrace/testing';
import type { SavedSnapshot } from '@millrace/testing/drivers';
import { replicationNames } from './slot/replication-names.ts';
import { JOB, startSource, type TestSource } from './test-support/drive.ts';

const { slot: SLOT } = replicationNames(JOB);
const STAGE = { tables: ['public.t'] };
const CONNECTION_LOST = { code: { code: 'postgres.connection_lost', retry: 'later' } };

describe('the PostgreSQL source and a server that fails', () => {
  let server: PostgresServer;
  let database: TestDatabase;

  beforeAll(async () => {
    server = await PostgresServer.start({
      settings: { max_slot_wal_keep_size: '1MB', min_wal_size: '32MB', max_wal_size: '32MB' },
    });
    database = await server.createDatabase('faults');
    await database.query('CREATE TABLE t (id int PRIMARY KEY)');
  });

  afterAll(async () => await server?.stop());

  const ids = (runner: TestSource): (string | null | symbol | undefined)[] =>
    runner.events.map((event) => event.after?.['id']);

  it.each(['SIGINT', 'SIGQUIT', 'SIGKILL'] as const)(
    'fails when the server goes (%s), and continues when it is back',
    async (signal) => {
      let saved: SavedSnapshot;
      {
        await using runner = await startSource(database, { stage: STAGE });
        saved = await runner.snapshot();
        await database.query('TRUNCATE t; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)');
        await runner.untilEvents(3);
        const down = server.down(signal);
        // A fast shutdown waits until the source has confirmed what it was sent, so snapshots have to go on.
        const run = runner.until(async () => {
          saved = await runner.snapshot();
          return false;
        });
        await expect(run).rejects.toMatchObject(CONNECTION_LOST);
        await down;
      }
      await server.up();
      await database.query('INSERT INTO t VALUES (3)');
      await using restarted = await startSource(database, { stage: STAGE, restored: saved });
      await restarted.until(() => ids(restarted).at(-1) === '3');
      expect(ids(restarted).filter((id) => id === '3')).toHaveLength(1);
      expect(ids(restarted)).toEqual(['3']);
    },
  );

  it('says that history is lost when the server had to remove the WAL', async () => {
    let saved: SavedSnapshot;
    {
      await using runner = await startSource(database, { stage: STAGE });
      saved = await runner.snapshot();
    }
    const status = async (): Promise<string> =>
      (
        await database.query<{ wal_status: string }>(
          'SELECT wal_status FROM pg_replication_slots WHERE slot_name = $1',
          [SLOT],
        )
      )[0]!.wal_status;
    for (let round = 0; round < 20 && (await status()) !== 'lost'; round++) {
      await database.query('INSERT INTO t SELECT max(id) + 1 FROM t');
      await database.query('SELECT pg_switch_wal()');
      await database.query('CHECKPOINT');
    }
    expect(await status()).toBe('lost');
    await expect(startSource(database, { stage: STAGE, restored: saved! })).rejects.toMatchObject({
      code: { code: 'postgres.position_lost' },
      message: expect.stringContaining('WAL was removed'),
    });
  });
});
