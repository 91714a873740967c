import { defineSource, type Finding } from '@millrace/connector-contract';
import { declaredSchema } from '@millrace/formats';
import { checkCluster, checkTopicsFound } from '../cluster/check.ts';
import { type ClusterConfig, clusterConfig } from '../config.ts';
import { KafkaSourceProcessor } from './kafka-source.processor.ts';
import { type SourceStage, sourceStage } from './source-stage.ts';

/** Rows of the committed messages of topics, and of those that come. */
export const kafkaSource = defineSource<ClusterConfig, SourceStage>({
  type: 'kafka',
  role: 'source',
  summary: 'Reads committed JSON messages of Kafka topics.',
  config: clusterConfig,
  stage: sourceStage,
  capabilities: { initialLoad: true, follows: 'option', changes: true, parallel: true },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      how: 'The offset of each partition is part of the snapshot; only committed messages are read. Messages that are gone before they were read stop the job.',
      needs: ['Messages kept for longer than the longest outage.'],
    },
  ],
  check: checkCluster,
  async describe({ config, stage }, signal) {
    const findings: readonly Finding[] = await checkTopicsFound(config, stage.topics, signal);
    return { shape: { tables: [declaredSchema(stage)] }, findings };
  },
  createSource: (options) => () => new KafkaSourceProcessor(options),
});
