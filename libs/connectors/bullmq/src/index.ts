export { bullmqSink } from './connector.ts';
