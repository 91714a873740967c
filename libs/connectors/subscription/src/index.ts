export { subscriptionSink } from './connector.ts';
