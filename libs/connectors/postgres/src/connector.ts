import { defineSource } from '@millrace/connector-contract';
import { systemClock } from '@millrace/kernel';
import { connectionSchema, stageSchema } from './config.ts';
import { openTableLookup } from './lookup/table-lookup.ts';
import { checkConnection } from './preflight/check-connection.ts';
import { describeTables } from './preflight/describe-tables.ts';
import { discoverTables } from './preflight/discover-tables.ts';
import { dropPublication } from './publication/publication.ts';
import { openSession } from './session.ts';
import { listSlots } from './slot/list-slots.ts';
import { replicationNames } from './slot/replication-names.ts';
import { dropSlot } from './slot/slot.ts';
import { PostgresSource } from './source.ts';

/** Rows of a PostgreSQL database and then every change of them, by logical replication. */
export const postgresSource = defineSource({
  type: 'postgres',
  role: 'source',
  summary: 'Rows of a PostgreSQL database and then every change of them, by logical replication.',
  config: connectionSchema,
  stage: stageSchema,
  capabilities: { initialLoad: true, follows: 'always', changes: true, parallel: false, reload: true },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      how: 'The position (LSN of the commit record, index in the transaction) and the ranges of the initial load are part of the snapshot; the slot is confirmed only up to a committed snapshot. Rows of a table that is still loading may be delivered again, in an order in which the later one is right.',
      needs: [
        'wal_level = logical, and a slot for each job.',
        'WAL kept while the job is down (max_slot_wal_keep_size).',
      ],
    },
  ],
  check: checkConnection,
  describe: ({ config, stage }, signal) => describeTables(config, stage, signal),
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
  discover: discoverTables,
  listSlots,
  async dropSlot(config, slot, signal) {
    const session = await openSession(config, { applicationName: 'millrace drop slot' }, signal);
    try {
      await dropSlot(session, slot, systemClock, signal);
      await dropPublication(session, slot);
    } finally {
      await session.end();
    }
  },
  openLookup: openTableLookup,
  createSource: (options) => () => new PostgresSource(options),
});
