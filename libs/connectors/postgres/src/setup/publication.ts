import { MillraceError } from '@millrace/kernel';
import pg, { type ClientBase } from 'pg';
import { type TableName } from '../config.ts';
import { PositionLost } from '../errors.ts';
import { run } from './run-statement.ts';

const tableList = (tables: readonly TableName[]): string =>
  tables.map(({ schema, table }) => `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`).join(', ');

async function exists(session: ClientBase, name: string): Promise<boolean> {
  const { rowCount } = await session.query('SELECT FROM pg_publication WHERE pubname = $1', [name]);
  return rowCount !== 0;
}

/** Makes the job's publication anew; the slot must be made after it, for a slot sees only publications older than itself. */
export async function createPublication(session: ClientBase, name: string, tables: readonly TableName[]): Promise<void> {
  await dropPublication(session, name);
  const sql = `CREATE PUBLICATION ${pg.escapeIdentifier(name)} FOR TABLE ${tableList(tables)} WITH (publish_via_partition_root = true)`;
  await run(session, sql, `publication "${name}" could not be created`);
}

/** @throws MillraceError `postgres.position_lost`: history written while it was away cannot be read any more. */
export async function verifyPublication(session: ClientBase, name: string): Promise<void> {
  if (await exists(session, name)) return;
  throw new MillraceError(PositionLost, {
    message: `publication "${name}" of this job is gone, so the changes since then cannot be told apart`,
    mend: 'Run the job with a new initial load, or accept the gap explicitly.',
    details: { publication: name },
  });
}

export async function dropPublication(session: ClientBase, name: string): Promise<void> {
  await run(session, `DROP PUBLICATION IF EXISTS ${pg.escapeIdentifier(name)}`, `publication "${name}" could not be dropped`);
}
