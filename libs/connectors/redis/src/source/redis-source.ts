import { defineSource } from '@millrace/connector-contract';
import { declaredSchema } from '@millrace/formats';
import { type ConnectionOptions, connectionSchema } from '../config.ts';
import { checkServer } from '../server/check.ts';
import { RedisSource } from './redis-source.processor.ts';
import { type SourceStage, sourceStage } from './source-stage.ts';
import { openTableLookup } from './table-lookup.ts';

/** Entries of streams as rows. */
export const redisSource = defineSource<ConnectionOptions, SourceStage>({
  type: 'redis',
  role: 'source',
  summary: 'Reads the entries of streams of Redis and Valkey as rows.',
  config: connectionSchema,
  stage: sourceStage,
  capabilities: { initialLoad: true, follows: 'option', changes: true, parallel: true },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      how: 'The id of the last entry of each stream that was handed on is part of the snapshot. Each read looks in the same step whether entries before it are gone unread; then the job stops.',
      needs: [
        'Entries kept for longer than the longest outage.',
        'A server that keeps what others have read (appendonly yes).',
      ],
    },
  ],
  check: checkServer,
  describe: async ({ config, stage }) => ({
    shape: { tables: [declaredSchema(stage)] },
    findings: await checkServer(config),
  }),
  openLookup: openTableLookup,
  createSource: (options) => () => new RedisSource(options),
});
