import { defineSource, type Finding } from '@millrace/connector-contract';
import { declaredSchema } from '@millrace/formats';
import { checkCluster, checkTopicsFound } from '../cluster/check.ts';
import { type ClusterConfig, clusterConfig } from '../config.ts';
import { checkReading, checkRegistry } from '../registry/check-registry.ts';
import { KafkaSourceProcessor } from './kafka-source.processor.ts';
import { type SourceStage, sourceStage } from './source-stage.ts';

/** Rows of the committed messages of topics, and of those that come. */
export const kafkaSource = defineSource<ClusterConfig, SourceStage>({
  type: 'kafka',
  role: 'source',
  summary: 'Reads committed messages of Kafka topics as rows.',
  config: clusterConfig,
  stage: sourceStage,
  check: async (config, signal) => [...(await checkCluster(config, signal)), ...(await checkRegistry(config, signal))],
  capabilities: { initialLoad: true, follows: 'option', changes: true, parallel: true },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      how: 'The offset of each partition is part of the snapshot; only committed messages are read. Messages that are gone before they were read stop the job.',
      needs: ['Messages kept for longer than the longest outage.'],
    },
  ],
  async describe({ config, stage }, signal) {
    const findings: readonly Finding[] = [
      ...(await checkTopicsFound(config, stage.topics, signal)),
      ...(await checkReading({ config, stage }, signal)),
    ];
    return { shape: { tables: [declaredSchema(stage)] }, findings };
  },
  refuses: () => true,
  createSource: (options) => () => new KafkaSourceProcessor(options),
});
