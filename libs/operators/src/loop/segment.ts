import type { Batch } from '@millrace/engine';
import { assert } from '@millrace/kernel';
import type { LoopMode } from '../contract/row-stage.ts';
import type { LoopBatch } from './loop-code.ts';
import type { LoopStage } from './loop-stage.ts';
import { Loops } from './loops.ts';
import { RowsTerminal } from './rows-terminal.ts';

/** A part of a fused processor that turns one batch into any number of batches. */
export interface Segment {
  /** Takes the next input; the one before has been used up. */
  begin(batch: Batch): void;
  /** The next output of the input under way; `undefined` when it is used up. */
  next(): Batch | undefined;
}

/** Neighbouring row stages as one loop. What one input row makes is collected whole; otherwise batches are cut at `BATCH_ROWS_MAX`. */
export class LoopSegment implements Segment {
  readonly #loops: Loops;
  readonly #terminal: RowsTerminal;
  #batch: LoopBatch | undefined;
  #index = 0;

  constructor(stages: readonly LoopStage[], mode: LoopMode) {
    const assignsTime = stages.some((stage) => 'assignTime' in stage);
    this.#terminal = new RowsTerminal(() => assignsTime || this.#batch?.times !== undefined);
    this.#loops = new Loops(stages, this.#terminal, mode);
  }

  text(): string {
    return this.#loops.text();
  }

  begin(batch: Batch): void {
    assert(batch.kind !== 'bytes', 'row stages read rows: bytes are decoded by a transform first');
    this.#batch = batch;
    this.#index = 0;
  }

  next(): Batch | undefined {
    const batch = this.#batch;
    if (batch === undefined) return undefined;
    while (this.#index < batch.length && !this.#terminal.isFull) this.#index = this.#loops.run(batch, this.#index);
    return this.#terminal.take();
  }
}

/** A stage over whole batches of any kind; `undefined` drops the batch. */
export interface TransformStage {
  readonly transform: (batch: Batch) => Batch | undefined;
}

export class TransformSegment implements Segment {
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
