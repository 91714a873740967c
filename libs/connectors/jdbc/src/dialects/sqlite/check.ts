import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Finding } from '@millrace/connector-contract';
import type { TableSchema } from '@millrace/formats';
import type { ConnectionOptions, StageOptions } from '../../config.ts';
import { Unreachable } from '../../errors.ts';
import { checkTables } from '../../target/check-tables.ts';
import { checkWith } from '../../target/check-with.ts';
import { SqliteCatalog } from './catalog.ts';
import { classify } from './server-error.ts';
import { DEFAULT_TABLE } from './sqlite-session.ts';

/** Never creates the file: one that is missing is looked at as an empty database. */
async function openToRead(path: string) {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  const database = new DatabaseSync(isThere ? path : ':memory:', { readOnly: isThere });
  return { database, isThere, abort: () => {}, close: async () => database.close() };
}

export async function checkConnection(options: ConnectionOptions, signal: AbortSignal): Promise<readonly Finding[]> {
  const path = options.database;
  return checkWith(
    () => openToRead(path),
    classify,
    signal,
    async ({ database, isThere }) => {
      const { version } = database.prepare('select sqlite_version() as version').get() as { version: string };
      // Reads the first page: says so when it is some other file.
      database.prepare('select count(*) from sqlite_schema').get();
      const unwritable = await firstUnwritable(isThere ? [dirname(path), path] : [dirname(path)]);
      if (unwritable !== undefined) {
        return [
          {
            code: Unreachable.code,
            severity: 'error',
            message: `${unwritable} is missing or this process may not write to it`,
            mend: 'Create it, and let the worker write to the file and to its folder.',
            pointer: '/database',
          },
        ];
      }
      const file = isThere ? path : `${path} (to be created)`;
      return [{ code: 'jdbc.reachable', severity: 'ok', message: `SQLite ${version} opens ${file}` }];
    },
  );
}

async function firstUnwritable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await access(path, constants.W_OK);
    } catch {
      return path;
    }
  }
  return undefined;
}

export function checkStage(
  options: ConnectionOptions,
  stage: StageOptions,
  tables: readonly TableSchema[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  return checkWith(
    () => openToRead(options.database),
    classify,
    signal,
    ({ database }) => checkTables(new SqliteCatalog(database), stage, tables, DEFAULT_TABLE),
  );
}
