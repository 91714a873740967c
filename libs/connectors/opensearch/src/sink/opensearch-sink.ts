import { defineSink } from '@millrace/connector-contract';
import { type ConnectionOptions, connectionSchema, type SinkStage, sinkStage } from '../config.ts';
import { checkCluster } from '../server/check-cluster.ts';
import { Cluster } from '../server/cluster.ts';
import { checkTables } from './check-stage.ts';
import { removeClaims } from './fence.ts';
import { OpensearchSink } from './opensearch-sink.processor.ts';

const FENCE =
  'An older execution writes nothing any more: the ingest pipeline that its requests name is gone, and its versions are lower.';
const OWN = 'Nobody else writes these documents.';
const DURABLE =
  'index.translog.durability request (the default), else a crash of the cluster may lose what it had acknowledged.';

/** Rows or changes as documents of OpenSearch and Elasticsearch. */
export const opensearchSink = defineSink<ConnectionOptions, SinkStage>({
  type: 'opensearch',
  role: 'sink',
  summary: 'Keeps indexes of OpenSearch (or Elasticsearch) equal to tables, or adds a document for each change.',
  config: connectionSchema,
  stage: sinkStage,
  capabilities: { holds: 'option', createsTarget: 'option', parallel: false },
  guarantees: [
    {
      mode: { mode: 'upsert' },
      level: 'exactly-once',
      visible: 'at-once',
      how: `Each write has a version above all earlier ones, so a document is what its newest change has made of it, however often and late others come. What was written after the last snapshot is written again after a crash, in order. ${FENCE}`,
      needs: ['A key for each table, or the option id.', OWN, DURABLE],
    },
    {
      mode: { mode: 'append' },
      level: 'exactly-once',
      visible: 'at-once',
      how: `The _id of a document follows from the place of the change in its log, and what is there is not created again. ${FENCE}`,
      needs: [
        'A source whose changes have positions in a database, or columns that tell changes apart (id).',
        'An index that is not rolled over between a crash and the restart: an _id is known within one index.',
        DURABLE,
      ],
    },
  ],
  showsRowsAtOnce: () => true,
  check: checkCluster,
  checkStage: async ({ config, stage, job }, shape, signal) => [
    ...(await checkCluster(config, signal)),
    ...checkTables(stage, shape, job),
  ],
  refuses: () => true,
  createSink: (options) => () => new OpensearchSink(options),
  /** The documents stay. */
  async dispose({ config, job }, signal) {
    const cluster = new Cluster(config, 1);
    try {
      await removeClaims(cluster, job, signal);
    } finally {
      await cluster.close();
    }
  },
});
