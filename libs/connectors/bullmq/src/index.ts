export { bullmqSink } from './connector.ts';
export { bullmqSource } from './source/bullmq-source.ts';
