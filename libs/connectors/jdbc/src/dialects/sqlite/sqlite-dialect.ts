import { existsSync } from 'node:fs';
import { waitingPrefix } from '../../append/append-plan.ts';
import type { Dialect } from '../../dialect.ts';
import { checkConnection, checkStage } from './check.ts';
import { openFile } from './open-file.ts';
import { PROGRESS_TABLE } from './progress.ts';
import { quoteName } from './quote.ts';
import { classify } from './server-error.ts';
import { SqliteSession } from './sqlite-session.ts';

/** A file, by `node:sqlite`: no server, one writer at a time. */
export const sqliteDialect: Dialect = {
  isBlocking: true,
  async open(options, identity) {
    try {
      return new SqliteSession(openFile(options.database), identity);
    } catch (error) {
      throw classify(error);
    }
  },
  check: checkConnection,
  checkTables: checkStage,
  async forget(options, { jobId, sink }) {
    if (!existsSync(options.database)) return;
    try {
      const database = openFile(options.database);
      try {
        const waiting = waitingPrefix({ jobId, sink });
        const tables = database.prepare('select name from sqlite_schema where substr(name, 1, ?) = ?');
        for (const { name } of tables.all(waiting.length, waiting)) {
          database.exec(`drop table if exists ${quoteName(String(name))}`);
        }
        const found = database.prepare('select 1 from sqlite_schema where name = ?').get(PROGRESS_TABLE);
        if (found === undefined) return;
        database.prepare(`delete from ${PROGRESS_TABLE} where job_id = ? and sink = ?`).run(jobId, sink);
      } finally {
        database.close();
      }
    } catch (error) {
      throw classify(error);
    }
  },
};
