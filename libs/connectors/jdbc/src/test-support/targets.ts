import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type MariadbDatabase, type TestDatabase, testMariadb, testPostgres } from '@millrace/testing';

export type TargetRow = Record<string, unknown>;

/** A fresh database of one kind, as the sink and the tests reach it. */
export interface TestTarget extends AsyncDisposable {
  readonly dialect: 'postgres' | 'mysql' | 'sqlite';
  /** Options of the sink. */
  readonly connection: object;
  /** Runs statements and returns the rows of the last one. */
  query(sql: string): Promise<TargetRow[]>;
  /** Cuts the connections of this job's sinks. Not for sqlite, which has none. */
  cut(jobId: string): Promise<void>;
}

function atPostgres(database: TestDatabase): TestTarget {
  return {
    dialect: 'postgres',
    connection: database.connection,
    query: (sql) => database.query(sql),
    async cut(jobId) {
      await database.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'millrace/' || $1 || '/%'",
        [jobId],
      );
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

function atMysql(database: MariadbDatabase): TestTarget {
  return {
    dialect: 'mysql',
    connection: { dialect: 'mysql', ...database.connection },
    query: (sql) => database.query(sql),
    async cut() {
      const sessions = await database.query<{ id: string }>(
        'select id from information_schema.processlist where db = ? and id <> connection_id()',
        [database.name],
      );
      for (const { id } of sessions) await database.query(`kill ${id}`);
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** A database that is there, as a target. */
export const targetOf = (dialect: 'postgres' | 'mysql', database: TestDatabase | MariadbDatabase): TestTarget =>
  dialect === 'postgres' ? atPostgres(database as TestDatabase) : atMysql(database as MariadbDatabase);

const postgres = async (): Promise<TestTarget> => atPostgres(await (await testPostgres()).createDatabase('jdbc'));
const mysql = async (): Promise<TestTarget> => atMysql(await (await testMariadb()).createDatabase('jdbc'));

async function sqlite(): Promise<TestTarget> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-sqlite-'));
  const path = join(directory, 'target.db');
  return {
    dialect: 'sqlite',
    connection: { dialect: 'sqlite', database: path },
    async query(sql) {
      const database = new DatabaseSync(path, { timeout: 5_000 });
      try {
        const statements = sql.split(/;\s*(?=create |insert |select |drop |update |alter |delete )/i);
        for (const statement of statements.slice(0, -1)) database.exec(statement);
        return database
          .prepare(statements.at(-1)!)
          .all()
          .map((row) => ({ ...row }));
      } finally {
        database.close();
      }
    },
    async cut() {
      throw new Error('a file has no connections');
    },
    async [Symbol.asyncDispose]() {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export const TARGETS: readonly (readonly [name: string, open: () => Promise<TestTarget>])[] = [
  ['postgres', postgres],
  ['mysql', mysql],
  ['sqlite', sqlite],
];
