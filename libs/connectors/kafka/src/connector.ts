import { defineSink } from '@millrace/connector-contract';
import { parseDurationMs, systemClock } from '@millrace/kernel';
import { checkCluster, checkTopics } from './cluster/check.ts';
import { clientIdOf, clusterOf } from './cluster/connect.ts';
import { deleteTopic } from './cluster/delete-topic.ts';
import { type ClusterConfig, clusterConfig, type SinkStage, sinkStage } from './config.ts';
import { KafkaSinkProcessor } from './sink/kafka-sink.processor.ts';
import { openTransactions } from './transaction/orphans.ts';
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
  check: checkCluster,
  showsRowsAtOnce: () => false,
  checkStage: checkTopics,
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
