import { MillraceError, suggestNames } from '@millrace/kernel';
import { DefinitionInvalid } from '../errors.ts';
import { quoteName } from '../schema/names.ts';
import type { Executor } from '../store/executor.ts';
import type { Projection } from './projection.ts';

/** The columns of a view are not those it had: it cannot be replaced, only made anew. */
const VIEW_DIFFERS = '42P16';

/** Quoted name readers use. */
export function viewName({ name, schema, tables }: Projection, table: string): string {
  if (Object.hasOwn(tables, table)) return `${quoteName(schema)}.${quoteName(table)}`;
  throw new MillraceError(DefinitionInvalid, {
    message: `projection "${name}" has no table "${table}"`,
    mend: suggestNames('table', table, Object.keys(tables)),
  });
}

/** Quoted name of a build's own table. */
export function tableName(projection: Projection, build: number, table: string): string {
  viewName(projection, table);
  return `${quoteName(projection.schema)}.${quoteName(`${table}__${build}`)}`;
}

/** Makes a build's tables; returns their quoted names. */
export async function createTables(tx: Executor, projection: Projection, build: number): Promise<readonly string[]> {
  const made: string[] = [];
  await tx.query(`CREATE SCHEMA IF NOT EXISTS ${quoteName(projection.schema)}`);
  for (const [table, sql] of Object.entries(projection.tables)) {
    const name = tableName(projection, build, table);
    await tx.query(sql(name));
    made.push(name);
  }
  return made;
}

/**
 * Lets the views lead to a build's tables, in the caller's transaction. A view whose columns have changed is made anew; grants on
 * it and views upon it are then gone or in the way (PostgreSQL says which).
 */
export async function pointViews(tx: Executor, projection: Projection, build: number): Promise<void> {
  for (const table of Object.keys(projection.tables)) {
    const view = viewName(projection, table);
    const select = `VIEW ${view} AS SELECT * FROM ${tableName(projection, build, table)}`;
    await tx.query('SAVEPOINT eventstore_view');
    try {
      await tx.query(`CREATE OR REPLACE ${select}`);
    } catch (error) {
      if ((error as { code?: string }).code !== VIEW_DIFFERS) throw error;
      await tx.query('ROLLBACK TO SAVEPOINT eventstore_view');
      await tx.query(`DROP VIEW ${view}`);
      await tx.query(`CREATE ${select}`);
    }
    await tx.query('RELEASE SAVEPOINT eventstore_view');
  }
}

/** Drops tables of a build that is over. Safe to call twice. */
export async function dropTables(tx: Executor, tables: readonly string[]): Promise<void> {
  for (const table of tables) await tx.query(`DROP TABLE IF EXISTS ${table}`);
}
