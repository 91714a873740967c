import { type ConnectionOptions, serverOptions } from '../../config.ts';
import type { Dialect, TargetSession, WriterIdentity } from '../../dialect.ts';
import { checkConnection, checkStage } from './check.ts';
import { connect, DEFAULT_PORT } from './connect.ts';
import { MysqlSession } from './mysql-session.ts';
import { hasProgressTable, PROGRESS_TABLE } from './progress.ts';
import { classify } from './server-error.ts';

async function open(options: ConnectionOptions, identity: WriterIdentity): Promise<TargetSession> {
  const server = serverOptions(options, DEFAULT_PORT);
  return new MysqlSession(await connect(server), server, identity);
}

/** MySQL and MariaDB. */
export const mysqlDialect: Dialect = {
  isBlocking: false,
  open,
  check: checkConnection,
  checkTables: checkStage,
  async forget(options, { jobId, sink }) {
    await using target = await connect(serverOptions(options, DEFAULT_PORT));
    try {
      if (!(await hasProgressTable(target.connection))) return;
      await target.connection.query(`delete from ${PROGRESS_TABLE} where job_id = ? and sink = ?`, [jobId, sink]);
    } catch (error) {
      throw classify(error);
    }
  },
};
