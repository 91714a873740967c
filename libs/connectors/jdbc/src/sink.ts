import { defineSink } from '@millrace/connector-contract';
import { systemRandom } from '@millrace/kernel';
import { AppendProcessor } from './append/append.processor.ts';
import { type ConnectionOptions, connectionSchema, type StageOptions, stageSchema } from './config.ts';
import type { Dialect } from './dialect.ts';
import { mysqlDialect } from './dialects/mysql/mysql-dialect.ts';
import { postgresDialect } from './dialects/postgres/postgres-dialect.ts';
import { sqliteDialect } from './dialects/sqlite/sqlite-dialect.ts';
import { UpsertProcessor } from './upsert/upsert.processor.ts';

const DIALECTS: Readonly<Record<ConnectionOptions['dialect'], Dialect>> = {
  postgres: postgresDialect,
  mysql: mysqlDialect,
  sqlite: sqliteDialect,
};

/** Writes changes to tables of a relational database, so that these hold the source's current rows. */
export const jdbcSink = defineSink<ConnectionOptions, StageOptions>({
  type: 'jdbc',
  role: 'sink',
  summary:
    'Keeps tables of a relational database (PostgreSQL, MySQL, MariaDB, SQLite) equal to the source, exactly once.',
  config: connectionSchema,
  stage: stageSchema,
  capabilities: { holds: 'option', createsTarget: 'option', parallel: false },
  guarantees: [
    {
      mode: { mode: 'upsert' },
      level: 'exactly-once',
      visible: 'at-once',
      how: 'Each write transaction also moves the position in millrace_progress; replayed events at or below it are skipped. Source transactions stay whole, an older execution is refused by its number in the same row.',
      needs: ['A key for each table that has updates or deletes.'],
    },
    {
      mode: { mode: 'insert-only' },
      level: 'exactly-once',
      visible: 'at-once',
      how: 'As upsert, but rows that are there are never touched again.',
      needs: ['A key, or a source whose events have positions in a database.'],
    },
    {
      mode: { mode: 'append' },
      level: 'exactly-once',
      visible: 'at-snapshot',
      how: 'Rows go to a table beside the target and are moved to it in one transaction, with the number of the snapshot, when that is committed. After a crash the number decides whether they still have to be moved.',
      needs: [],
    },
  ],
  showsRowsAtOnce: ({ mode }) => mode !== 'append',
  skipsWhatItPassed: ({ mode }) => mode !== 'append',
  check: (config, signal) => DIALECTS[config.dialect].check(config, signal),
  checkStage: ({ config, stage }, input, signal) =>
    DIALECTS[config.dialect].checkTables(config, stage, input.tables, signal),
  async dispose({ config, job }) {
    await DIALECTS[config.dialect].forget(config, { jobId: job.jobId, sink: job.stage });
  },
  refuses: () => true,
  createSink: ({ config, stage, job, refusals }) => {
    const options = {
      dialect: DIALECTS[config.dialect],
      config,
      stage,
      sink: job.stage,
      refusals,
      random: systemRandom,
    };
    return () => (stage.mode === 'append' ? new AppendProcessor(options) : new UpsertProcessor(options));
  },
});
