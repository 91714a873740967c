import type { Watermark } from '@millrace/engine';
import type { MillraceError } from '@millrace/kernel';

/** A row that a service has been called for. */
export interface Call {
  readonly row: unknown;
  readonly timeMs: number;
  /** What the answer makes of it; `undefined` until it has come. */
  results: Iterable<unknown> | undefined;
  /** Every attempt failed, and that is to be told. */
  failure?: MillraceError | undefined;
}

/** Calls under way, with the watermarks between them, in the order of the input. */
export class CallQueue {
  readonly #isOrdered: boolean;
  readonly #items: (Call | Watermark)[] = [];
  /** Calls whose results have not been taken. */
  callCount = 0;

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered;
  }

  /** What has not been taken, in the order of the input. */
  get items(): readonly (Call | Watermark)[] {
    return this.#items;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  add(row: unknown, timeMs: number): Call {
    const call: Call = { row, timeMs, results: undefined };
    this.#items.push(call);
    this.callCount += 1;
    return call;
  }

  /** Of watermarks without a row between them only the last one is kept. */
  mark(watermark: Watermark): void {
    const last = this.#items.at(-1);
    if (last !== undefined && 'kind' in last) this.#items[this.#items.length - 1] = watermark;
    else this.#items.push(watermark);
  }

  /** Takes out the next that may be emitted: a call that has been answered, or a watermark with no call ahead of it. */
  take(): Call | Watermark | undefined {
    for (const [index, item] of this.#items.entries()) {
      const isMark = 'kind' in item;
      if (isMark && index > 0) return undefined;
      if (isMark || item.results !== undefined) {
        this.#items.splice(index, 1);
        if (!isMark) this.callCount -= 1;
        return item;
      }
      if (this.#isOrdered) return undefined;
    }
    return undefined;
  }
}
