export { subscriptionSink } from './connector.ts';
export type { HandedOn, Listener } from './delivery/attachment.ts';
export { Delivery } from './delivery/delivery.ts';
export type { SharedPartitions } from './delivery/shared-partitions.ts';
export { partitionOfRecord } from './sink/entries.ts';
export type { LetterReference } from './stored-event.ts';
