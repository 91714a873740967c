import { defineSink, type Finding, type SourceShape } from '@millrace/connector-contract';
import { type ConnectionOptions, connectionSchema, isKeyed, type SinkStage, sinkStage } from '../config.ts';
import { serverError, TableUnfit } from '../errors.ts';
import { checkServer } from '../server/check.ts';
import { connect } from '../server/connect.ts';
import { sinkKeys } from './keys.ts';
import { RedisSink } from './redis-sink.processor.ts';

const DURABLE =
  'appendonly yes (everysec is enough with Redis 7.2 or Valkey), else a crash of the server that takes writes with it stops the job.';
const NO_EVICTION = 'maxmemory-policy noeviction.';

/** Names that the tables lack. */
function checkColumns(stage: SinkStage, { tables }: SourceShape): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { id, columns } of tables) {
    const wanted = { rowKey: stage.rowKey ?? [], value: stage.value ?? [], score: stage.score ?? [] };
    for (const [option, names] of Object.entries(wanted)) {
      const lacks = [names].flat().find((name) => !columns.some((column) => column.name === name));
      if (lacks === undefined) continue;
      const message = `table ${id} has no column "${lacks}"`;
      findings.push({
        code: TableUnfit.code,
        severity: 'error',
        message,
        mend: 'Name a column that it has.',
        pointer: `/${option}`,
      });
    }
    if (!isKeyed(stage.type) || stage.rowKey !== undefined || columns.some(({ key }) => key)) continue;
    const message = `table ${id} has no key, so its rows have no places in Redis`;
    findings.push({
      code: TableUnfit.code,
      severity: 'error',
      message,
      mend: 'Name the columns that tell rows apart with rowKey.',
      pointer: '/rowKey',
    });
  }
  return findings;
}

/** Rows and changes in Redis or Valkey. */
export const redisSink = defineSink<ConnectionOptions, SinkStage>({
  type: 'redis',
  role: 'sink',
  summary:
    'Writes rows to hashes, strings and sorted sets, or changes to streams, lists and channels, of Redis and Valkey.',
  config: connectionSchema,
  stage: sinkStage,
  capabilities: { holds: 'option', createsTarget: 'always', parallel: false },
  guarantees: [
    ...(['hash', 'hashes', 'string', 'sorted-set'] as const).map((type) => ({
      mode: { type },
      level: 'exactly-once' as const,
      visible: 'at-once' as const,
      how: 'One script applies a batch and stores its position; what that covers is skipped when it comes again. Rows without a position (an initial load, files) take their own places again. Every script looks at the number of the newest execution first.',
      needs: [DURABLE, NO_EVICTION],
    })),
    ...(['list', 'stream'] as const).map((type) => ({
      mode: { type },
      level: 'exactly-once' as const,
      visible: 'at-once' as const,
      how: 'One script appends a batch and stores its position; what that covers is skipped when it comes again. Changes without a position (an initial load, files), and what follows them, wait in a list and are shown by a script with the snapshot that covers them. Every script looks at the number of the newest execution first.',
      needs: [DURABLE, NO_EVICTION],
    })),
    {
      mode: { type: 'publish' },
      level: 'at-least-once',
      visible: 'at-once',
      how: 'Each change is published once by the script that stores its position, and again if the server lost that position or the change has none. Redis keeps no messages: who does not listen at that moment gets none of it.',
      needs: [],
    },
  ],
  showsRowsAtOnce: ({ type }) => isKeyed(type),
  skipsWhatItPassed: () => true,
  check: checkServer,
  checkStage: async ({ config, stage }, shape) => [...(await checkServer(config)), ...checkColumns(stage, shape)],
  refuses: () => true,
  createSink: (options) => () => new RedisSink(options),
  /** What was written stays. */
  async dispose({ config, stage, job }) {
    const keys = sinkKeys(job, stage);
    const redis = await connect(config, { key: keys.meta });
    try {
      const lists = await redis.smembers(keys.lists);
      await redis.unlink(keys.meta, keys.lists, ...lists.map(keys.list));
    } catch (error) {
      throw serverError(error, 'remove the progress of a job');
    } finally {
      redis.disconnect();
    }
  },
});
