import { expect, it } from '@jest/globals';
import { testMariadb } from '@millrace/testing';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { schemaSql, TABLES, transactionSql } from './schema-of-tables.ts';

const TRANSACTIONS = 900;
const KILLS = new Set([250, 600]);
const SEED = 20_261_128;

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

it('a schema of 30 tables with foreign keys is equal at PostgreSQL and MariaDB, from one pipeline, under kill -9', async () => {
  await using mariadb = await (await testMariadb()).createDatabase('schema');
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, target, workers } = platform;
  for (const sql of schemaSql('postgres')) {
    await source.query(sql);
    await target.query(sql);
  }
  for (const sql of schemaSql('mysql')) await mariadb.query(sql);

  const connect = ({ password, ...place }: typeof source.connection) => ({
    ssl: 'disable',
    ...place,
    ...(password === undefined ? {} : { password }),
  });
  await rest.post('sources', { name: 'shop', type: 'postgres', config: connect(source.connection) });
  await rest.post('sinks', { name: 'copy', type: 'jdbc', config: connect(target.connection) });
  await rest.post('sinks', {
    name: 'maria',
    type: 'jdbc',
    config: { dialect: 'mysql', ...connect(mariadb.connection) },
  });
  const tables = Array.from({ length: TABLES }, (_, table) => `public.t${table}`);
  await rest.post('jobs', {
    name: 'schema',
    snapshotInterval: '500ms',
    stages: {
      // The tables are empty; a load would read them in no order that foreign keys allow.
      tables: { source: 'shop', tables, initialLoad: 'none' },
      to_copy: { input: 'tables', sink: 'copy' },
      to_maria: { input: 'tables', sink: 'maria' },
    },
  });
  const status = async () => (await rest.peek<{ status: string }>('jobs/schema'))?.status;
  while ((await source.query('select from pg_replication_slots where confirmed_flush_lsn is not null')).length === 0)
    await pause(100);
  while ((await status()) !== 'RUNNING') await pause(100);

  const random = seeded(SEED);
  let id = 0;
  let committed = 0;
  const writer = await source.connect();
  for (let index = 0; index < TRANSACTIONS; index++) {
    const statements = transactionSql(random, () => ++id);
    const done = await writer
      .query(`begin; ${statements.join('; ')}; commit`)
      .then(() => true)
      .catch(() => false);
    if (done) committed += 1;
    else await writer.query('rollback');
    if (!KILLS.has(index)) continue;
    await workers[0]!.kill();
    await workers[0]!.start();
  }
  await writer.end();

  const listed = (query: (sql: string) => Promise<Record<string, unknown>[]>) => async () => {
    const rows: string[] = [];
    for (let table = 0; table < TABLES; table++) {
      const found = await query(`select id, tree, far, self, n, md5(note) as note from t${table} order by id`);
      rows.push(...found.map((row) => `t${table} ${Object.values(row).join(' ')}`));
    }
    return rows;
  };
  const expected = await listed((sql) => source.query(sql))();
  const copies = [listed((sql) => target.query(sql)), listed((sql) => mariadb.query(sql))] as const;
  const isEqual = async (): Promise<boolean> => {
    for (const copy of copies) if ((await copy()).join('\n') !== expected.join('\n')) return false;
    return true;
  };
  for (let tries = 0; tries < 300 && !(await isEqual()) && (await status()) !== 'FAILED'; tries++) await pause(200);
  expect(await rest.peek('jobs/schema')).toMatchObject({ status: 'RUNNING', error: null });
  for (const copy of copies) expect(await copy()).toEqual(expected);
  expect(committed).toBeGreaterThan(TRANSACTIONS / 3);
  expect(expected.length).toBeGreaterThan(100);
}, 300_000);
