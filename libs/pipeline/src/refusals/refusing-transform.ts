import type { Refusals } from '@millrace/connector-contract';
import type { Batch, Outbox, Processor, ProcessorContext } from '@millrace/engine';
import { type ChangeBatch, isChangeBatch } from '@millrace/formats';
import { assert, isRecordError } from '@millrace/kernel';
import { pickEvents } from '../events/pick-events.ts';

type Transform = (batch: ChangeBatch) => Batch | undefined;

/**
 * A stateless stage that goes on without the events it fails on. A batch that fails is halved until these are found; then the rest of
 * it goes through at once, so source transactions stay whole.
 */
export const refusingTransform = (transform: Transform, refusals: Refusals): Processor =>
  new RefusingTransform(transform, refusals);

class RefusingTransform implements Processor {
  readonly #transform: Transform;
  readonly #refusals: Refusals;
  #outbox!: Outbox;
  /** Made of the batch under way. */
  #output: { readonly batch: Batch | undefined } | undefined;

  constructor(transform: Transform, refusals: Refusals) {
    this.#transform = transform;
    this.#refusals = refusals;
  }

  init({ outbox }: ProcessorContext): void {
    this.#outbox = outbox;
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch), 'a declarative stage reads change events');
    this.#output ??= { batch: this.#apply(batch) };
    if (this.#output.batch !== undefined && !this.#outbox.offer(this.#output.batch)) return false;
    this.#output = undefined;
    return true;
  }

  #apply(batch: ChangeBatch): Batch | undefined {
    try {
      return this.#transform(batch);
    } catch (error) {
      if (!isRecordError(error)) throw error;
    }
    const aside = new Set<number>();
    const all = Array.from({ length: batch.length }, (_, index) => index);
    this.#search(batch, all, aside);
    return this.#transform(
      pickEvents(
        batch,
        all.filter((index) => !aside.has(index)),
      ),
    );
  }

  /** Finds the events among these that fail, first ones first. */
  #search(batch: ChangeBatch, indexes: readonly number[], aside: Set<number>): void {
    const left = indexes.filter((index) => !aside.has(index) && !this.#isParked(batch, index, aside));
    if (left.length === 0) return;
    try {
      this.#transform(pickEvents(batch, left));
    } catch (error) {
      if (!isRecordError(error)) throw error;
      if (left.length === 1) {
        for (const index of this.#refusals.refuse(batch, left[0]!, error)) aside.add(index);
        return;
      }
      const middle = left.length >> 1;
      this.#search(batch, left.slice(0, middle), aside);
      this.#search(batch, left.slice(middle), aside);
    }
  }

  #isParked(batch: ChangeBatch, index: number, aside: Set<number>): boolean {
    if (!this.#refusals.holdsAny || !this.#refusals.holds(batch, index)) return false;
    for (const each of this.#refusals.park(batch, index)) aside.add(each);
    return true;
  }
}
