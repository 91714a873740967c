import { expect, it } from '@jest/globals';
import { lsn } from '@millrace/formats';
import { systemClock } from '@millrace/kernel';
import { testPostgres } from '@millrace/testing';
import type { Client } from 'pg';
import { connectionSchema } from '../config.ts';
import { readTableSchemas } from '../preflight/table-catalog.ts';
import { openSession } from '../session.ts';
import { PostgresLoad } from './postgres-load.ts';

/** Longer than a reader needs to begin, where it does not wait for the others. */
const BEGIN_MS = 500;

it('is closed without a word while it reads over one session and opens another', async () => {
  await using database = await (await testPostgres()).createDatabase('sessions');
  await database.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 1000)');
  const open = (): Promise<Client> =>
    openSession(connectionSchema.parse(database.connection), { applicationName: 'test' });
  const session = await open();
  const tables = await readTableSchemas(session, [{ schema: 'public', table: 't' }]);
  await session.end();

  const isAsked = Promise.withResolvers<void>();
  const isClosing = Promise.withResolvers<void>();
  const failures: unknown[] = [];
  let sessions = 0;
  const load = new PostgresLoad({
    async open() {
      sessions += 1;
      // The second reads, the third is open only when the load is closed.
      if (sessions === 3) {
        isAsked.resolve();
        await isClosing.promise;
      }
      const opened = await open();
      if (sessions === 2) {
        const sleep = opened.query.bind(opened, 'SELECT pg_sleep(60)') as unknown as Client['query'];
        opened.query = sleep;
      }
      return opened;
    },
    tables,
    restored: undefined,
    loadsNew: true,
    reloads: [],
    resumeLsn: lsn(0n),
    sinksShowRowsAtOnce: false,
    connections: 2,
    chunkRows: 100,
    clock: systemClock,
    wake: () => {},
    fail: (error) => failures.push(error),
  });
  load.start();
  await isAsked.promise;
  await systemClock.sleep(BEGIN_MS, new AbortController().signal);
  const closed = load.close();
  // A promise that nobody listens to fails the test by itself.
  await systemClock.sleep(BEGIN_MS, new AbortController().signal);
  isClosing.resolve();
  await closed;
  expect(failures).toEqual([]);
});
