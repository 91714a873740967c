export { kafkaSink } from './connector.ts';
