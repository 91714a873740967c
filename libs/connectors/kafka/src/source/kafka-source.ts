import { defineSource, type Finding } from '@millrace/connector-contract';
import { declaredSchema } from '@millrace/formats';
import { checkCluster, checkTopicsFound } from '../cluster/check.ts';
import { type ClusterConfig, clusterConfig } from '../config.ts';
import { checkRegistry } from '../registry/check-registry.ts';
import { KafkaSourceProcessor } from './kafka-source.processor.ts';
import { type SourceStage, sourceStage } from './source-stage.ts';

/** Rows of the committed messages of topics, and of those that come. */
export const kafkaSource = defineSource<ClusterConfig, SourceStage>({
  type: 'kafka',
  role: 'source',
  summary: 'Reads committed JSON messages of Kafka topics.',
  config: clusterConfig,
  stage: sourceStage,
  check: async (config, signal) => [...(await checkCluster(config, signal)), ...(await checkRegistry(config, signal))],
  async describe({ config, stage }, signal) {
    const findings: readonly Finding[] = await checkTopicsFound(config, stage.topics, signal);
    return { shape: { tables: [declaredSchema(stage)] }, findings };
  },
  createSource: (options) => () => new KafkaSourceProcessor(options),
});
