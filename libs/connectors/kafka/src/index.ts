export { kafkaSink } from './connector.ts';
export { kafkaSource } from './source/kafka-source.ts';
