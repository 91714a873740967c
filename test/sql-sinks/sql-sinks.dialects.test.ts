import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from '@jest/globals';
import { testMariadb } from '@millrace/testing';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';

const ROUNDS = 20;
const KILLS = new Set([6, 13]);
const LOADED = 3_000;

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

it('MariaDB and SQLite follow a source by upsert and by append, exactly once under kill -9', async () => {
  await using mariadb = await (await testMariadb()).createDatabase('sinks');
  const directory = mkdtempSync(join(tmpdir(), 'millrace-sinks-'));
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, workers } = platform;
  await source.query(`
    create table items (id int primary key, name text, amount numeric(12,3), at timestamptz not null);
    create table log (id int primary key, text text);
    insert into items select n, 'item ' || n, n / 8.0, timestamptz '2026-11-28 04:00+00' + n * interval '1 second' from generate_series(1, ${LOADED}) n;
  `);
  const connect = (connection: typeof source.connection) => {
    const { password, ...rest } = connection;
    return { ssl: 'disable', ...rest, ...(password === undefined ? {} : { password }) };
  };
  const file = join(directory, 'target.db');
  await rest.post('sources', { name: 'shop', type: 'postgres', config: connect(source.connection) });
  await rest.post('sinks', {
    name: 'maria',
    type: 'jdbc',
    config: { dialect: 'mysql', ...connect(mariadb.connection) },
  });
  await rest.post('sinks', { name: 'file', type: 'jdbc', config: { dialect: 'sqlite', database: file } });
  const append = { mode: 'append', changeColumns: false };
  await rest.post('jobs', {
    name: 'copies',
    snapshotInterval: '300ms',
    stages: {
      items: { source: 'shop', tables: ['public.items'] },
      to_maria: { input: 'items', sink: 'maria' },
    },
  });
  await rest.post('jobs', {
    name: 'files',
    snapshotInterval: '300ms',
    stages: { items: { source: 'shop', tables: ['public.items'] }, to_file: { input: 'items', sink: 'file' } },
  });
  await rest.post('jobs', {
    name: 'logs',
    snapshotInterval: '300ms',
    stages: { log: { source: 'shop', tables: ['public.log'] }, to_maria: { input: 'log', sink: 'maria', ...append } },
  });

  const worker = workers[0]!;
  for (let round = 0; round < ROUNDS; round++) {
    await source.query(`
      update items set name = 'round ${round}', amount = amount + 1 where id % ${ROUNDS} = ${round};
      delete from items where id = ${round * 7 + 1};
      insert into items values (${LOADED + round + 1}, 'new', -0.001, now());
      insert into log select ${round} * 10 + n, 'entry ' || n from generate_series(0, 9) n;
    `);
    if (KILLS.has(round)) {
      await worker.kill();
      await worker.start();
    }
    await pause(100);
  }

  const expected = (
    await source.query(
      "select id::text, name, amount::text, to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as at from items order by items.id",
    )
  ).map((row) => Object.values(row).join('|'));
  const atMaria = async () =>
    (
      await mariadb.query(
        'select cast(id as char) as id, name, cast(amount as char) as amount, cast(at as char) as at from items order by items.id',
      )
    ).map((row) => Object.values(row).join('|'));
  const atFile = () => {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 });
    try {
      // PostgreSQL leaves trailing zeros of a fraction out.
      return database
        .prepare('select id, name, amount, at from items order by id')
        .all()
        .map(({ id, name, amount, at }) => {
          const [seconds, fraction = ''] = String(at).replace('+00:00', '').split('.');
          return [id, name, amount, `${seconds}.${fraction.padEnd(6, '0')}`].join('|');
        });
    } finally {
      database.close();
    }
  };
  const logged = async () => (await mariadb.query('select id from log order by id')).map((row) => Number(row['id']));
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < 300 && !(await holds().catch(() => false)); tries++) await pause(200);
  };
  const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  const entries = Array.from({ length: ROUNDS * 10 }, (_, id) => id);
  await until(async () => equal(await atMaria(), expected) && equal(atFile(), expected));
  await until(async () => (await logged()).length >= entries.length);
  expect(await atMaria()).toEqual(expected);
  expect(atFile()).toEqual(expected);
  expect(await logged()).toEqual(entries);
  rmSync(directory, { recursive: true, force: true });
}, 300_000);
