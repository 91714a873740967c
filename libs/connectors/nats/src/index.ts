export { natsSink } from './connector.ts';
export { natsSource } from './source/nats-source.ts';
