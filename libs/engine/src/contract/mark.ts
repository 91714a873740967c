/** No item with an event time below `timeMs` will follow on this edge. */
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
