/**
 * No item with an event time below `timeMs` will follow on this edge. `IDLE` (an infinite `timeMs`) says instead: for
 * now nothing will come, do not wait for me; the next batch or watermark of that stream takes it back.
 */
export interface Watermark {
  readonly kind: 'watermark';
  readonly timeMs: number;
}

/** Separates the items of snapshot `snapshotId` from the later ones. */
export interface SnapshotBarrier {
  readonly kind: 'barrier';
  readonly snapshotId: number;
}

/** Nothing follows on this edge. */
export interface EndOfInput {
  readonly kind: 'end';
}

/** What travels between batches, so that nothing is tested per row. */
export type Mark = Watermark | SnapshotBarrier | EndOfInput;

export const END_OF_INPUT: EndOfInput = Object.freeze({ kind: 'end' });
export const watermark = (timeMs: number): Watermark => ({ kind: 'watermark', timeMs });
export const barrier = (snapshotId: number): SnapshotBarrier => ({ kind: 'barrier', snapshotId });

/**
 * Offered as a watermark by a source without input. A stream that is idle is left out of the least watermark of its
 * readers; when all streams are idle, the readers are (and have had the greatest of their watermarks before). It crosses threads by value: test with `isIdle`.
 */
export const IDLE: Watermark = Object.freeze({ kind: 'watermark', timeMs: Number.POSITIVE_INFINITY });
export const isIdle = (mark: Watermark): boolean => mark.timeMs === Number.POSITIVE_INFINITY;
