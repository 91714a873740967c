import type { RowDataPacket } from 'mysql2/promise';
import { waitingPrefix } from '../../append/append-plan.ts';
import { type ConnectionOptions, serverOptions } from '../../config.ts';
import type { Dialect, TargetSession, WriterIdentity } from '../../dialect.ts';
import { checkConnection, checkStage } from './check.ts';
import { connect, DEFAULT_PORT } from './connect.ts';
import { MysqlSession } from './mysql-session.ts';
import { hasProgressTable, PROGRESS_TABLE } from './progress.ts';
import { quoteTable } from './quote.ts';
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
      const [waiting] = await target.connection.query<RowDataPacket[]>(
        'select table_schema as home, table_name as name from information_schema.tables where left(table_name, ?) = ?',
        [waitingPrefix({ jobId, sink }).length, waitingPrefix({ jobId, sink })],
      );
      for (const { home, name } of waiting) {
        await target.connection.query(`drop table if exists ${quoteTable({ schema: home, table: name })}`);
      }
      if (!(await hasProgressTable(target.connection))) return;
      await target.connection.query(`delete from ${PROGRESS_TABLE} where job_id = ? and sink = ?`, [jobId, sink]);
    } catch (error) {
      throw classify(error);
    }
  },
};
