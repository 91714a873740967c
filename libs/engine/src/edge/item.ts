import type { Batch } from '../contract/batch.ts';
import type { Mark } from '../contract/mark.ts';

/** Whatever travels on an edge. */
export type Item = Batch | Mark;

export const isBatch = (item: Item): item is Batch =>
  item.kind === 'rows' || item.kind === 'columns' || item.kind === 'bytes';

/**
 * What an item counts against a queue's row limit. Empty batches and watermarks count as one, so that a queue of them
 * is bounded as well; barriers and ends count nothing because at most one of each is under way and they are never refused.
 */
export function itemRows(item: Item): number {
  if (isBatch(item)) return item.length > 0 ? item.length : 1;
  return item.kind === 'watermark' ? 1 : 0;
}

export const itemBytes = (item: Item): number => (isBatch(item) ? item.byteLength : 0);
