import { defineSink } from '@millrace/connector-contract';
import { BullmqSinkProcessor } from './bullmq-sink.processor.ts';
import { checkServer } from './check-server.ts';
import { type Connection, connectionSchema, type SinkStage, sinkStage } from './config.ts';
import { connect } from './connect.ts';
import { keysOf } from './job-store.ts';

const SCAN_COUNT = 1_000;

/** Changes as jobs of BullMQ queues, exactly once, when the snapshot that covers them is committed. */
export const bullmqSink = defineSink<Connection, SinkStage>({
  type: 'bullmq',
  role: 'sink',
  summary: 'Adds change events as jobs to BullMQ queues.',
  config: connectionSchema,
  stage: sinkStage,
  check: checkServer,
  capabilities: { holds: 'changes', createsTarget: 'always', parallel: true },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      visible: 'at-snapshot',
      how: 'Rows wait in Redis. The commit adds the jobs of a chunk and says so in one transaction, which is refused when a newer execution has begun; a commit that comes again adds nothing. Workers may still run a job more than once: its id is the same each time.',
      needs: [
        'appendonly yes and appendfsync always, or a crash of the server may lose what it had acknowledged.',
        'No Redis Cluster.',
      ],
    },
  ],
  showsRowsAtOnce: () => false,
  checkStage: ({ config }) => checkServer(config),
  createSink: (options) => () => new BullmqSinkProcessor(options),
  /** Removes what is no job; jobs stay. */
  async dispose({ config, stage, job }) {
    const redis = await connect(config);
    try {
      const pattern = `${keysOf(stage.prefix, job).all.replaceAll(/[\\*?[\]]/g, '\\$&')}*`;
      let cursor = '0';
      do {
        const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
        if (keys.length > 0) await redis.del(...keys);
        cursor = next;
      } while (cursor !== '0');
    } finally {
      redis.disconnect();
    }
  },
});
