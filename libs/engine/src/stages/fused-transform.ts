import type { Batch } from '../contract/batch.ts';
import type { FusedSegment } from './fused-segment.ts';

/** A stage over whole batches; `undefined` drops the batch. */
export interface TransformStage {
  readonly transform: (batch: Batch) => Batch | undefined;
}

export class FusedTransform implements FusedSegment {
  readonly #transform: (batch: Batch) => Batch | undefined;
  #input: Batch | undefined;

  constructor({ transform }: TransformStage) {
    this.#transform = transform;
  }

  begin(batch: Batch): void {
    this.#input = batch;
  }

  next(): Batch | undefined {
    const input = this.#input;
    if (input === undefined) return undefined;
    this.#input = undefined;
    return this.#transform(input);
  }
}
