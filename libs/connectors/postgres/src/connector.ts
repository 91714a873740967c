import { defineSource } from '@millrace/connector-contract';
import { systemClock } from '@millrace/kernel';
import { connectionSchema, parseTableName, stageSchema } from './config.ts';
import { readTableSchemas } from './preflight/table-catalog.ts';
import { openSession } from './session.ts';
import { dropPublication } from './setup/publication.ts';
import { replicationNames } from './setup/replication-names.ts';
import { dropSlot } from './setup/slot.ts';
import { PostgresSource } from './source.ts';

/** Changes of a PostgreSQL database by logical replication, after an initial load of what is there. */
export const postgresSource = defineSource({
  type: 'postgres',
  role: 'source',
  summary: 'Rows of a PostgreSQL database and then every change of them, by logical replication.',
  config: connectionSchema,
  stage: stageSchema,
  async check(config, signal) {
    const session = await openSession(config, { applicationName: 'millrace check' }, signal);
    await session.end();
    return [];
  },
  async describe({ config, stage }, signal) {
    const session = await openSession(config, { applicationName: 'millrace describe' }, signal);
    try {
      const tables = await readTableSchemas(session, stage.tables.map(parseTableName));
      return { shape: { tables: tables.map((table) => table.schema) }, findings: [] };
    } finally {
      await session.end();
    }
  },
  async dispose({ config, job }, signal) {
    const { slot, publication } = replicationNames(job);
    const session = await openSession(config, { applicationName: `millrace dispose ${job.jobName}` }, signal);
    try {
      await dropSlot(session, slot, systemClock, signal);
      await dropPublication(session, publication);
    } finally {
      await session.end();
    }
  },
  createSource: (options) => () => new PostgresSource(options),
});
