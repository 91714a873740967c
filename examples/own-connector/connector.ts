import { defineSink, defineSource } from '@millrace/connector-contract';
import { declaredSchema } from '@millrace/formats';
import { checkServer } from './check.ts';
import { connect, keysOf, keysWith } from './client.ts';
import { connectionSchema, sinkSchema, sourceSchema } from './config.ts';
import { StreamSink } from './stream-sink.processor.ts';
import { StreamSource } from './stream-source.processor.ts';

// #region connector
export const redisStreamsSink = defineSink({
  type: 'redis-streams',
  role: 'sink',
  summary: 'Appends change events to a Redis stream.',
  config: connectionSchema,
  stage: sinkSchema,
  capabilities: { holds: 'changes', createsTarget: 'always', parallel: true },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      visible: 'at-snapshot',
      how: 'Rows wait in lists and are moved to the stream by a script when the snapshot that covers them is committed. Every script looks at the number of the newest execution first.',
      needs: ['appendonly yes and appendfsync always, or a crash of the server may lose what it had acknowledged.'],
    },
  ],
  check: checkServer,
  showsRowsAtOnce: () => false,
  checkStage: ({ config }) => checkServer(config),
  createSink: (options) => () => new StreamSink(options),
  /** Removes what no reader sees; the stream stays. */
  async dispose({ config, job }) {
    const redis = await connect(config);
    try {
      const { fence, committed, waiting } = keysOf(job);
      await redis.del(fence, committed, ...(await keysWith(redis, waiting)));
    } finally {
      redis.disconnect();
    }
  },
});
// #endregion connector

export const redisStreamsSource = defineSource({
  type: 'redis-streams',
  role: 'source',
  summary: 'Reads the entries of a Redis stream as rows.',
  config: connectionSchema,
  stage: sourceSchema,
  capabilities: { initialLoad: true, follows: 'option', changes: true, parallel: false },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      how: 'The id of the last entry that was handed on is part of the snapshot. When that entry is gone, the job stops.',
      needs: ['Entries kept for longer than the longest outage.'],
    },
  ],
  check: checkServer,
  describe: async ({ config, stage }) => ({
    shape: { tables: [declaredSchema(stage)] },
    findings: await checkServer(config),
  }),
  createSource: (options) => () => new StreamSource(options),
});

/** What `MILLRACE_CONNECTORS` loads. */
export default [redisStreamsSink, redisStreamsSource];
