import { assert, MillraceError } from '@millrace/kernel';
import type { Batch } from '../contract/batch.ts';
import { type EndOfInput, isIdle, type SnapshotBarrier, type Watermark } from '../contract/mark.ts';
import type { Outbox } from '../contract/processor.ts';
import { ContractViolated } from '../errors.ts';
import type { EdgeWriter } from './edge-writer.ts';
import { isBatch } from './item.ts';
import { markShared } from './transfer.ts';

const violated = (message: string, mend: string) => new MillraceError(ContractViolated, { message, mend });

/** The outbox of one instance over all its outgoing edges. The tasklet opens it for each callback. */
export class EdgeOutbox implements Outbox {
  readonly edgeCount: number;
  rowsOut = 0;
  /** Passed on last. */
  watermarkMs = Number.NEGATIVE_INFINITY;
  /** Refuses whatever is not the item that some targets already have. */
  onlyFinishes = false;
  readonly #edges: readonly EdgeWriter[];
  /** The item offered to all edges that some have refused, and which edges have taken it. */
  #item: Batch | Watermark | undefined;
  readonly #taken: boolean[];
  #isOpen = false;
  #hasEnded = false;
  #refused = false;

  /** `edges` by ordinal. */
  constructor(edges: readonly EdgeWriter[]) {
    this.#edges = edges;
    this.edgeCount = edges.length;
    this.#taken = edges.map(() => false);
  }

  /** An item is with some targets and not with others: no barrier may pass now. */
  get isPartial(): boolean {
    return (this.#item !== undefined && this.#taken.includes(true)) || this.#edges.some((edge) => edge.isPartial);
  }

  /** The callback was refused. */
  get wasRefused(): boolean {
    return this.#refused;
  }

  /** A callback begins. */
  open(): void {
    this.#isOpen = true;
    this.#refused = false;
  }

  /**
   * A callback has returned.
   * @throws MillraceError `engine.contract_violated` when it says it is done although its last offer was refused.
   */
  close(isDone: boolean): void {
    this.#isOpen = false;
    if (isDone && this.#refused) {
      throw violated(
        'the callback returned true although its offer was refused',
        'Return false and offer the item again.',
      );
    }
  }

  offer(item: Batch | Watermark): boolean {
    this.#check();
    if (this.onlyFinishes && !this.isPartial) return this.#note(false, item);
    if (this.edgeCount === 1) return this.#note(this.#edges[0]!.offer(item), item);
    if (this.#item !== item) this.#begin(item);
    let isDone = true;
    for (let ordinal = 0; ordinal < this.edgeCount; ordinal++) {
      if (this.#taken[ordinal]) continue;
      if (this.#edges[ordinal]!.offer(item)) this.#taken[ordinal] = true;
      else isDone = false;
    }
    if (isDone) this.#item = undefined;
    return this.#note(isDone, item);
  }

  offerTo(ordinal: number, item: Batch | Watermark): boolean {
    this.#check();
    const edge = this.#edges[ordinal];
    assert(edge !== undefined, `there is no outgoing edge ${ordinal}, only ${this.edgeCount}`);
    if (this.onlyFinishes && !this.isPartial) return this.#note(false, item);
    // The processor may offer the same batch to another edge next.
    if (this.edgeCount > 1 && isBatch(item)) markShared(item);
    return this.#note(edge.offer(item), item);
  }

  put(mark: SnapshotBarrier | EndOfInput): void {
    if (mark.kind === 'end') this.#hasEnded = true;
    for (const edge of this.#edges) edge.put(mark);
  }

  #begin(item: Batch | Watermark): void {
    if (this.#item !== undefined && this.#taken.includes(true)) {
      throw violated(
        'another item was offered before the refused one was taken by all edges',
        'Keep the refused item and offer it first when called again.',
      );
    }
    this.#item = item;
    this.#taken.fill(false);
    if (isBatch(item) && this.edgeCount > 1) markShared(item);
  }

  #check(): void {
    if (this.#hasEnded)
      throw violated('an item was offered after complete() returned true', 'Return false until all is emitted.');
    if (!this.#isOpen)
      throw violated('an item was offered outside a callback', 'Call wake() and offer it in the callback.');
    if (this.#refused) {
      throw violated(
        'an item was offered after a refusal in the same callback',
        'Leave the callback at once and return false.',
      );
    }
  }

  #note(accepted: boolean, item: Batch | Watermark): boolean {
    if (!accepted) this.#refused = true;
    else if (isBatch(item)) this.rowsOut += item.length;
    else if (!isIdle(item)) this.watermarkMs = item.timeMs;
    return accepted;
  }
}
