import { defineSource, type Finding } from '@millrace/connector-contract';
import { declaredSchema } from '@millrace/formats';
import type { Redis } from 'ioredis';
import { type ConnectionOptions, connectionSchema } from '../config.ts';
import { serverError } from '../errors.ts';
import { checkServer } from '../server/check.ts';
import { connect } from '../server/connect.ts';
import { notificationFlags, tellsOfHashes } from '../server/notifications.ts';
import { ChannelSource } from './channels/channel-source.processor.ts';
import { HashSource } from './hash/hash-source.processor.ts';
import { removedKey } from './list/list-place.ts';
import { ListSource } from './list/list-source.processor.ts';
import { openTableLookup } from './look-up/table-lookup.ts';
import { type SourceStage, sourceStage } from './source-stage.ts';
import { StreamSource } from './stream/stream-source.processor.ts';

const OF_HASHES = {
  level: 'exactly-once',
  how: 'A digest of what each row was when it was handed on is part of the snapshot. Notifications say where to look, and now and then everything is looked at: the last state of each row, and that it is gone, is handed on once. States in between may be skipped.',
  needs: [
    'notify-keyspace-events with Kghxe for changes within milliseconds; without, they are found by the next look (poll).',
  ],
} as const;

const PROCESSORS = {
  stream: StreamSource,
  hash: HashSource,
  hashes: HashSource,
  list: ListSource,
  publish: ChannelSource,
};

async function checkNotifications(redis: Redis, { type, follow }: SourceStage): Promise<readonly Finding[]> {
  if ((type !== 'hash' && type !== 'hashes') || !follow) return [];
  const flags = await notificationFlags(redis);
  if (flags === undefined || tellsOfHashes(flags)) return [];
  return [
    {
      code: 'redis.tells_no_changes',
      severity: 'warning',
      message: `the server does not tell of all changes of hashes (notify-keyspace-events is "${flags}"): they are found by the next look at everything (poll)`,
      mend: 'CONFIG SET notify-keyspace-events Kghxe, and the same in redis.conf.',
      pointer: '/type',
    },
  ];
}

async function checkStage(config: ConnectionOptions, stage: SourceStage): Promise<readonly Finding[]> {
  const findings = await checkServer(config);
  if (findings.some(({ severity }) => severity === 'error')) return findings;
  const redis = await connect(config);
  try {
    return [...findings, ...(await checkNotifications(redis, stage))];
  } finally {
    redis.disconnect();
  }
}

/** What is in Redis, as rows. */
export const redisSource = defineSource<ConnectionOptions, SourceStage>({
  type: 'redis',
  role: 'source',
  summary: 'Reads streams, hashes, lists and channels of Redis and Valkey as rows.',
  config: connectionSchema,
  stage: sourceStage,
  capabilities: { initialLoad: true, follows: 'option', changes: true, parallel: true },
  guarantees: [
    {
      mode: { type: 'stream' },
      level: 'exactly-once',
      how: 'The id of the last entry of each stream that was handed on is part of the snapshot. Each read looks in the same step whether entries before it are gone unread; then the job stops.',
      needs: [
        'Entries kept for longer than the longest outage.',
        'A server that keeps what others have read (appendonly yes).',
      ],
    },
    { mode: { type: 'hash' }, ...OF_HASHES },
    { mode: { type: 'hashes' }, ...OF_HASHES },
    {
      mode: { type: 'list' },
      level: 'exactly-once',
      how: 'How many elements of each list were handed on is part of the snapshot. With remove they are removed when it is committed, by a script that counts them. Each read looks in the same step whether the last one is where it was; if not, the job stops.',
      needs: ['Nobody else who removes elements, or pushes to the left end.'],
    },
    {
      mode: { type: 'publish' },
      level: 'at-most-once',
      how: 'Redis keeps no messages: who does not listen at that moment gets none of it. A crash loses what came after the last snapshot, and what was published until the job listens again.',
      needs: ['Messages of which some may be lost.'],
    },
  ],
  check: checkServer,
  describe: async ({ config, stage }) => ({
    shape: { tables: [declaredSchema(stage)] },
    findings: await checkStage(config, stage),
  }),
  openLookup: openTableLookup,
  holdsTables: true,
  createSource: (options) => () => new PROCESSORS[options.stage.type](options),
  /** The count of what was removed from lists; the lists stay. */
  async dispose({ config, stage, job }) {
    if (stage.type !== 'list') return;
    const redis = await connect(config, { key: stage.keys[0] });
    try {
      for (const key of stage.keys) await redis.del(removedKey(job, key));
    } catch (error) {
      throw serverError(error, 'remove the progress of a job');
    } finally {
      redis.disconnect();
    }
  },
});
