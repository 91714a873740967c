import type { Batch } from '../contract/batch.ts';

/** A part of a fused processor that turns one batch into any number of batches. */
export interface FusedSegment {
  /** Takes the next input; the one before has been used up. */
  begin(batch: Batch): void;
  /** The next output of the input under way; `undefined` when it is used up. */
  next(): Batch | undefined;
}
