import type { Batch } from '../contract/batch.ts';
import type { EndOfInput, SnapshotBarrier, Watermark } from '../contract/mark.ts';
import type { Item } from './item.ts';
import type { Quota } from './item-queue.ts';

/** The sending end of a stream: one edge, from one upstream instance to one downstream instance. */
export interface StreamWriter {
  /** Called after a refusal when there is room again; may be called without need. */
  onRoom: () => void;
  /** `false`: no room, `onRoom` will be called. */
  offer(item: Batch | Watermark): boolean;
  /** Never refused: at most one barrier and one end are under way. */
  put(mark: SnapshotBarrier | EndOfInput): void;
  close(): void;
}

/** The receiving end. */
export interface StreamReader {
  /** Called when an item has arrived. */
  onItem: () => void;
  readonly rowsPeak: number;
  /** What is queued now and how much may be. */
  readonly quota: Quota;
  take(): Item | undefined;
  close(): void;
}

export const ignore = (): void => {};
