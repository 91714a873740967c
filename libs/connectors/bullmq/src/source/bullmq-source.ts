import { defineSource } from '@millrace/connector-contract';
import { declaredSchema } from '@millrace/formats';
import { checkServer } from '../check-server.ts';
import { type Connection, connectionSchema, type SourceStage, sourceStage } from '../config.ts';
import { connect } from '../connect.ts';
import { BullmqSourceProcessor, readerName } from './bullmq-source.processor.ts';
import { fenceKey } from './queue-reader.ts';

/** Rows of the jobs of a queue, which are completed when the snapshot that holds them is committed. */
export const bullmqSource = defineSource<Connection, SourceStage>({
  type: 'bullmq',
  role: 'source',
  summary: 'Takes jobs of a BullMQ queue as rows, and completes them.',
  config: connectionSchema,
  stage: sourceStage,
  check: checkServer,
  capabilities: { initialLoad: true, follows: 'option', changes: false, parallel: false },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      how: 'A job is completed when the snapshot that holds its row is committed. Ids of jobs that were handed on and are not completed are part of the snapshot: one that BullMQ hands out again is completed, and not handed on again. A new execution takes the locks of older ones away.',
      needs: [
        'No other worker on the queue.',
        'appendonly yes and appendfsync always, or a crash of the server may forget that a job was completed, and hand it out again.',
        'The newest snapshot: completed jobs cannot be read again from an older one.',
      ],
    },
  ],
  describe: async ({ config, stage }) => ({
    shape: { tables: [declaredSchema(stage)] },
    findings: await checkServer(config),
  }),
  refuses: () => true,
  createSource: (options) => () => new BullmqSourceProcessor(options),
  /** Removes the number of its newest execution; jobs stay. */
  async dispose({ config, stage, job }) {
    const redis = await connect(config);
    try {
      await redis.del(fenceKey(stage.prefix, readerName(job)));
    } finally {
      redis.disconnect();
    }
  },
});
