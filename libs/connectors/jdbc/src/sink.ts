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
  showsRowsAtOnce: ({ mode }) => mode !== 'append',
  check: (config, signal) => DIALECTS[config.dialect].check(config, signal),
  checkStage: ({ config, stage }, input, signal) =>
    DIALECTS[config.dialect].checkTables(config, stage, input.tables, signal),
  async dispose({ config, job }) {
    await DIALECTS[config.dialect].forget(config, { jobId: job.jobId, sink: job.stage });
  },
  refuses: 'rows that a constraint, a type or a trigger of the target does not take (upsert and insert-only)',
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
