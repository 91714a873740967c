import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { connectionSchema } from '../config.ts';
import { openSession } from '../session.ts';
import { CopyRows } from './copy-rows.ts';
import { makeRowSocket } from './row-socket.ts';

describe.each([
  ['with a buffer of its own', makeRowSocket],
  ['as the client reads, which is how an encrypted one works', undefined],
])('CopyRows from a socket %s', (_, stream) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase('copy');
  });
  afterAll(async () => await database?.[Symbol.asyncDispose]());
  const open = () =>
    openSession(connectionSchema.parse({ ...database.connection, ssl: 'disable' }), {
      applicationName: 'copy',
      ...(stream === undefined ? {} : { stream }),
    });

  /** Walks at most `rowsPerTurn` rows, then lets the socket have its turn. */
  async function walk(rows: CopyRows, wake: { notify: () => void }, rowsPerTurn: number): Promise<string[]> {
    const lines: string[] = [];
    while (!rows.isWalked) {
      const woken = new Promise<void>((resolve) => {
        wake.notify = resolve;
      });
      let taken = 0;
      while (taken < rowsPerTurn && rows.next()) {
        const { bytes, start, end } = rows.frames;
        lines.push(bytes.toString('utf8', start, end - 1));
        taken++;
      }
      if (rows.isWalked) break;
      await (taken === rowsPerTurn ? new Promise(setImmediate) : woken);
    }
    return lines;
  }

  it('finds every row, whether the pipeline is fast or slow, and gives the client its socket back', async () => {
    const session = await open();
    for (const [rowCount, width, rowsPerTurn] of [
      [0, 1, 10],
      [3, 1, 1],
      [60_000, 30, 1_000],
      [40, 300_000, 3],
    ] as const) {
      const wake = { notify: () => {} };
      const rows = session.query(
        new CopyRows(`COPY (SELECT i, repeat('x', ${width}) FROM generate_series(1, ${rowCount}) i) TO STDOUT`, () =>
          wake.notify(),
        ),
      );
      const after = session.query('SELECT 7 AS seven');
      const lines = await walk(rows, wake, rowsPerTurn);
      expect((await after).rows).toEqual([{ seven: 7 }]);
      expect(lines).toHaveLength(rowCount);
      expect(lines.every((line, at) => line === `${at + 1}\t${'x'.repeat(width)}`)).toBe(true);
    }
    await session.end();
  });

  it('answers the next query while the rows still wait', async () => {
    const session = await open();
    const wake = { notify: () => {} };
    const rows = session.query(new CopyRows('COPY (SELECT generate_series(1, 100)) TO STDOUT', () => wake.notify()));
    expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(await walk(rows, wake, 10)).toHaveLength(100);
    await session.end();
  });

  it('reports what went wrong in the middle, and the session lives on', async () => {
    const session = await open();
    const wake = { notify: () => {} };
    const rows = session.query(
      new CopyRows('COPY (SELECT 1 / (5000 - i) FROM generate_series(1, 9000) i) TO STDOUT', () => wake.notify()),
    );
    await expect(walk(rows, wake, 1_000)).rejects.toMatchObject({
      code: { code: 'postgres.server_error' },
      message: expect.stringContaining('division by zero'),
    });
    expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await session.end();
  });

  it('reports a connection that is cut', async () => {
    const session = await open();
    const wake = { notify: () => {} };
    const {
      rows: [me],
    } = await session.query('SELECT pg_backend_pid() AS pid');
    const rows = session.query(new CopyRows('COPY (SELECT pg_sleep(60)) TO STDOUT', () => wake.notify()));
    await database.query('SELECT pg_terminate_backend($1)', [me.pid]);
    await expect(walk(rows, wake, 10)).rejects.toThrow(/terminat/);
    await session.end();
  });
});
