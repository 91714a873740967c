import type { ClientBase } from 'pg';
import { type ServerErrorFields, serverError } from '../stream/server-error.ts';

/**
 * Runs a statement.
 * @throws MillraceError with the server's own words after `what`.
 */
export async function run(session: ClientBase, sql: string, what: string, values: unknown[] = []): Promise<void> {
  try {
    await session.query(sql, values);
  } catch (error) {
    throw serverError(error as ServerErrorFields, what, error);
  }
}
