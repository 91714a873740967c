import { defineSink, type Finding } from '@millrace/connector-contract';
import { type ConnectionOptions, connectionSchema, type StageOptions, stageSchema } from './config.ts';
import { redisError } from './errors.ts';
import { subscriptionKeys } from './keys.ts';
import { connect } from './redis.ts';
import { SubscriptionSink } from './sink/subscription-sink.processor.ts';

async function checkRedis(config: ConnectionOptions): Promise<readonly Finding[]> {
  try {
    const redis = await connect(config);
    redis.disconnect();
    return [{ code: 'subscription.reachable', severity: 'ok', message: 'the Redis of the subscriptions answers' }];
  } catch (error) {
    const { code, message, mend } = redisError(error, 'connect');
    return [{ code: code.code, severity: 'error', message, mend, pointer: '/host' }];
  }
}

/** Changes for the handlers of services. Made by `POST /api/v1/subscriptions`. */
export const subscriptionSink = defineSink<ConnectionOptions, StageOptions>({
  type: 'subscription',
  role: 'sink',
  summary: 'Keeps changes for the handlers of services, which the api hands on.',
  config: connectionSchema,
  stage: stageSchema,
  capabilities: { holds: 'changes', createsTarget: 'always', parallel: false },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      visible: 'at-once',
      how: 'The script that appends changes also writes their position, and what that covers is skipped after a restart. Changes without a position (rows of a running initial load, replayed dead letters) are shown with the snapshot that covers them. Every script looks at the number of the newest execution first. Handlers get each change at least once, and exactly once in effect with `ctx.once`.',
      needs: [
        'appendonly yes and appendfsync always, or a crash of Redis may lose what it had acknowledged; then the job stops.',
      ],
    },
  ],
  check: checkRedis,
  // Rows of an initial load wait for their snapshot.
  showsRowsAtOnce: () => false,
  skipsWhatItPassed: () => true,
  checkStage: async ({ config }) => checkRedis(config),
  createSink: (options) => () => new SubscriptionSink(options),
  async dispose({ config, stage, job }) {
    const keys = subscriptionKeys(job.jobId);
    const redis = await connect(config);
    try {
      const lists = await redis.smembers(keys.lists);
      const partitions = Array.from({ length: stage.partitions }, (_, each) => keys.partition(each));
      const { meta, schemas, members, sessions, leases, acknowledged, replayed } = keys;
      await redis.del(
        meta,
        schemas,
        keys.lists,
        members,
        sessions,
        leases,
        acknowledged,
        replayed,
        ...partitions,
        ...lists.map(keys.list),
      );
      await redis.publish(keys.wake, 'members');
    } catch (error) {
      throw redisError(error, 'remove a subscription');
    } finally {
      redis.disconnect();
    }
  },
});
