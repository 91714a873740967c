import { defineSink } from '@millrace/connector-contract';
import { parseDurationMs, systemClock } from '@millrace/kernel';
import { checkCluster, checkTopics } from './cluster/check.ts';
import { clientIdOf, clusterOf } from './cluster/connect.ts';
import { deleteTopic } from './cluster/delete-topic.ts';
import { type ClusterConfig, clusterConfig, type SinkStage, sinkStage } from './config.ts';
import { checkFormat, checkRegistry } from './registry/check-registry.ts';
import { KafkaSinkProcessor } from './sink/kafka-sink.processor.ts';
import { openTransactions } from './transaction/known-ids.ts';
import { progressTopic } from './transaction/progress-topic.ts';
import { takeOver } from './transaction/take-over.ts';
import { idPrefix } from './transaction/transactional-id.ts';

const DISPOSE_PATIENCE_MS = 10_000;

/** Messages that appear to read-committed readers, exactly once, when the snapshot that covers them is committed. */
export const kafkaSink = defineSink<ClusterConfig, SinkStage>({
  type: 'kafka',
  role: 'sink',
  summary: 'Writes change events to Kafka topics, in transactions.',
  config: clusterConfig,
  stage: sinkStage,
  check: async (config, signal) => [...(await checkCluster(config, signal)), ...(await checkRegistry(config, signal))],
  capabilities: { holds: 'changes', createsTarget: 'option', parallel: true },
  guarantees: [
    {
      mode: { commit: 'snapshot' },
      level: 'exactly-once',
      visible: 'at-snapshot',
      how: 'A transaction for each snapshot and writer; its ids are part of the snapshot. Phase two ends it, by this process or by the one that restores the snapshot; all other transactions of the job are ended by a newer execution, which fences the older one.',
      needs: [
        'Kafka 4 (Produce v12 and EndTxn v5).',
        'Readers with isolation.level=read_committed.',
        'Outages shorter than transactionTimeout, else the job fails and says what is lost.',
      ],
    },
    {
      mode: { commit: 'continuous' },
      level: 'exactly-once',
      visible: 'at-once',
      how: "A transaction every few milliseconds, with whole transactions of the source and the source's position; what that covers is skipped when it comes again. Rows of an initial load are shown with their snapshot. A newer execution fences the older one.",
      needs: [
        'Kafka 4 (Produce v12 and EndTxn v5).',
        'Readers with isolation.level=read_committed.',
        'The changes of one PostgreSQL source behind stages without state, and one writer.',
      ],
    },
  ],
  showsRowsAtOnce: () => false,
  skipsWhatItPassed: ({ commit }) => commit === 'continuous',
  checkStage: async (options, shape, signal) => [
    ...(await checkTopics(options, shape, signal)),
    ...(await checkFormat(options, shape, signal)),
  ],
  refuses: () => true,
  letterOptions: {
    format: 'plain',
    value: 'record',
    headerColumns: ['stage', 'number', 'reason', 'message', 'mend', 'parked', 'attempts', 'table', 'position'],
  },
  createSink: (options) => () => new KafkaSinkProcessor(options),
  async dispose({ config, stage, job }, signal) {
    const cluster = clusterOf(config, {
      clientId: clientIdOf(job),
      clock: systemClock,
      signal,
      patienceMs: DISPOSE_PATIENCE_MS,
    });
    try {
      const timeoutMs = parseDurationMs(stage.transactionTimeout)!;
      for (const id of await openTransactions(cluster, idPrefix(job))) await takeOver(cluster, id, timeoutMs);
      if (stage.commit === 'continuous') await deleteTopic(cluster, progressTopic(job));
    } finally {
      await cluster.close();
    }
  },
});
