import { afterAll, describe } from '@jest/globals';
import { freePort, MariadbServer, PostgresServer } from '@millrace/testing';
import {
  describeSinkAtLeastOnce,
  describeSinkConnector,
  describeSourceConnector,
  type PrivateServer,
  type SinkDriver,
  type SinkTarget,
} from '@millrace/testing/acceptance';
import { TEST_JOB } from '@millrace/testing/drivers';
import { waitingPrefix } from './append/append-plan.ts';
import { jdbcSink, jdbcSource } from './index.ts';
import { TARGETS, type TestTarget, targetOf } from './test-support/targets.ts';

/** Statements that make a table refuse the row with an id, and take it again. */
const REFUSAL: Readonly<Record<TestTarget['dialect'], (table: string, id: number) => readonly [string, string]>> = {
  postgres: (table, id) => [
    `alter table ${table} add constraint refused check (id <> ${id})`,
    `alter table ${table} drop constraint refused`,
  ],
  mysql: (table, id) => [
    `alter table ${table} add constraint refused check (id <> ${id})`,
    `alter table ${table} drop constraint refused`,
  ],
  sqlite: (table, id) => [
    `create trigger refused before insert on ${table} when new.id = ${id} begin select raise(abort, 'refused'); end`,
    'drop trigger refused',
  ],
};

/** Query of the names of all tables. */
const TABLES: Readonly<Record<TestTarget['dialect'], string>> = {
  postgres: 'select table_name as name from information_schema.tables where table_schema = current_schema()',
  mysql: 'select table_name as name from information_schema.tables where table_schema = database()',
  sqlite: 'select name from sqlite_master',
};

const tablesOf = async (database: TestTarget, prefix: string): Promise<readonly string[]> =>
  (await database.query(TABLES[database.dialect]))
    .map((row) => String(row['name']))
    .filter((name) => name.startsWith(prefix));

/** Options that lead nowhere. */
const unreachableAt = async (dialect: string) =>
  dialect === 'sqlite' ? { database: '/no/such/folder/file.db' } : { host: '127.0.0.1', port: await freePort() };

describe.each(TARGETS)('at %s', (dialect, openDatabase) => {
  let opening: Promise<TestTarget> | undefined;
  let count = 0;
  afterAll(async () => await (await opening)?.[Symbol.asyncDispose]());

  /** A table of its own in the database. */
  function targetAt(database: TestTarget, mode: string): SinkTarget {
    const table = `${mode.replace('-', '_')}_${count++}`;
    return {
      config: { ssl: 'disable', ...database.connection },
      stage: { mode, table, ...(mode === 'append' ? { changeColumns: false } : {}) },
      async read() {
        if (!(await tablesOf(database, table)).includes(table)) return [];
        return (await database.query(`select id from ${table}`)).map((row) => Number(row['id']));
      },
      async leftovers(jobId) {
        const left: string[] = [];
        for (const name of await tablesOf(database, waitingPrefix({ jobId, sink: TEST_JOB.stage }))) {
          const rows = await database.query(`select * from ${name}`);
          left.push(...rows.map((row) => `${name}: ${JSON.stringify(row)}`));
        }
        return left;
      },
      async refuse(id) {
        const [refuse, take] = REFUSAL[database.dialect](table, id);
        await database.query(refuse);
        return async () => void (await database.query(take));
      },
      [Symbol.asyncDispose]: async () => {},
    };
  }

  /** A server of its own; a file has none. */
  async function startServer(dialect: string, mode: string): Promise<PrivateServer> {
    const server = await (dialect === 'postgres' ? PostgresServer : MariadbServer).start();
    const database = targetOf(dialect === 'postgres' ? 'postgres' : 'mysql', await server.createDatabase('jdbc'));
    return {
      target: targetAt(database, mode),
      restart: () => server.restart('SIGKILL'),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  }

  // insert-only is upsert with another statement: once is enough.
  for (const mode of ['upsert', 'append', ...(dialect === 'postgres' ? ['insert-only'] : [])]) {
    const driver: SinkDriver = {
      connector: jdbcSink,
      fenced: /^jdbc\.(fenced|connection_lost)$/,
      metrics: ['transactions'],
      refuses: true,
      writesAtOnce: dialect === 'sqlite',
      module: { url: new URL('./index.ts', import.meta.url).href, name: 'jdbcSink' },
      unreachable: () => unreachableAt(dialect),
      async open() {
        opening ??= openDatabase();
        return targetAt(await opening, mode);
      },
      ...(dialect === 'sqlite' ? {} : { startServer: () => startServer(dialect, mode) }),
    };
    describeSinkConnector(`jdbc ${mode}`, driver);
    if (dialect === 'postgres' && mode !== 'insert-only') describeSinkAtLeastOnce(`jdbc ${mode}`, driver);
  }

  describeSourceConnector('jdbc', {
    connector: jdbcSource,
    metrics: ['rowsRead'],
    rowCounter: 'rowsRead',
    bounded: { watermark: undefined, poll: undefined, overlap: undefined },
    unreachable: () => unreachableAt(dialect),
    async open() {
      opening ??= openDatabase();
      const database = await opening;
      const table = `source_${count++}`;
      await database.query(`create table ${table} (id integer primary key, note varchar(20))`);
      return {
        config: { ssl: 'disable', ...database.connection },
        stage: { table, watermark: 'id', poll: '100ms', overlap: 0 },
        async insert(ids) {
          await database.query(`insert into ${table} values ${ids.map((id) => `(${id}, 'x')`).join(', ')}`);
        },
        [Symbol.asyncDispose]: async () => void (await database.query(`drop table ${table}`)),
      };
    },
  });
});
