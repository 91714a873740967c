export { amqpSink } from './connector.ts';
export { amqpSource } from './source/amqp-source.ts';
