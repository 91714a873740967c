import { type ExecutorPool, inTransaction } from '../store/executor.ts';
import { MIGRATIONS } from './migrations.ts';
import { checkName, DEFAULT_SCHEMA, quoteName } from './names.ts';

/** Anything; the same for every process that migrates. */
const MIGRATION_LOCK = 1_836_215_904;

export const publicationName = (schema: string): string => `${schema}_events`;

const filled = (sql: string, schema: string): string =>
  sql
    .replaceAll(/\bSCHEMA\b/g, quoteName(schema))
    .replaceAll(/(?<=PUBLICATION )PUBLICATION\b/g, quoteName(publicationName(schema)));

const prologue = (schema: string): string => `CREATE SCHEMA IF NOT EXISTS ${quoteName(schema)};
CREATE TABLE IF NOT EXISTS ${quoteName(schema)}.migrations (
  id int PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);`;

const record = (schema: string, id: number, name: string): string =>
  `INSERT INTO ${quoteName(schema)}.migrations (id, name) VALUES (${id}, '${name}');`;

/** The whole schema as SQL, for those who apply it themselves to an empty database. */
export function migrationSql(schema: string = DEFAULT_SCHEMA): string {
  checkName('schema', schema);
  const steps = MIGRATIONS.map(({ id, name, sql }) => `${filled(sql, schema)}\n${record(schema, id, name)}`);
  return ['BEGIN;', prologue(schema), ...steps, 'COMMIT;', ''].join('\n');
}

/**
 * Brings the store's schema up to date, in one transaction; any number of processes may do so at once. The role needs CREATE on the
 * database (also for the publication). Returns the names of the steps that were missing.
 */
export async function migrate(pool: ExecutorPool, schema: string = DEFAULT_SCHEMA): Promise<readonly string[]> {
  checkName('schema', schema);
  return await inTransaction(pool, async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await tx.query(prologue(schema));
    const { rows } = await tx.query(`SELECT id FROM ${quoteName(schema)}.migrations`);
    const applied = new Set((rows as { id: number }[]).map(({ id }) => Number(id)));
    const missing = MIGRATIONS.filter(({ id }) => !applied.has(id));
    for (const { id, name, sql } of missing) await tx.query(`${filled(sql, schema)}\n${record(schema, id, name)}`);
    return missing.map(({ name }) => name);
  });
}
