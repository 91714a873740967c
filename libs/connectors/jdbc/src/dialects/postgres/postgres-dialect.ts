import { createHash } from 'node:crypto';
import { waitingPrefix } from '../../append/append-plan.ts';
import { type ConnectionOptions, serverOptions } from '../../config.ts';
import type { Dialect, TargetSession, WriterIdentity } from '../../dialect.ts';
import { checkConnection, checkStage } from './check.ts';
import { connect, DEFAULT_PORT } from './connect.ts';
import { PostgresSession } from './postgres-session.ts';
import { PROGRESS_TABLE } from './progress.ts';
import { classify } from './server-error.ts';

/** `millrace/<job>/<digest>/<writer>/<generation>`: the digest keeps long and odd names apart within 63 bytes. */
export function sessionName({ jobId, sink, writer, generation }: WriterIdentity): string {
  const digest = createHash('sha256').update(`${jobId}\0${sink}`).digest('base64url').slice(0, 10).replaceAll('/', '_');
  return `millrace/${jobId.replace(/[^A-Za-z0-9_-]/g, '').slice(0, 26)}/${digest}/${writer}/${generation}`;
}

async function open(options: ConnectionOptions, identity: WriterIdentity): Promise<TargetSession> {
  const name = sessionName(identity);
  return new PostgresSession(await connect(serverOptions(options, DEFAULT_PORT), name), identity, name);
}

export const postgresDialect: Dialect = {
  isBlocking: false,
  open,
  check: checkConnection,
  checkTables: checkStage,
  async forget(options, { jobId, sink }) {
    await using connection = await connect(serverOptions(options, DEFAULT_PORT), 'millrace dispose');
    try {
      const waiting = await connection.client.query<{ name: string }>(
        "select oid::regclass::text as name from pg_class where relkind = 'r' and starts_with(relname, $1)",
        [waitingPrefix({ jobId, sink })],
      );
      for (const { name } of waiting.rows) await connection.client.query(`drop table if exists ${name}`);
      const { rows } = await connection.client.query(`select to_regclass('${PROGRESS_TABLE}') is not null as found`);
      if (!rows[0].found) return;
      await connection.client.query(`delete from ${PROGRESS_TABLE} where job_id = $1 and sink = $2`, [jobId, sink]);
    } catch (error) {
      throw classify(error);
    }
  },
};
