import type { Inbox } from '../inbox/inbox.ts';

/** What a handler knows besides the change. `Tx` is the handle of a transaction of the service's library. */
export class ChangeContext<Tx = unknown> {
  readonly consumer: string;
  /** Counted from 1; above it the change was tried before by this instance. */
  readonly attempt: number;
  /** Aborted when another instance has the change by now, or this one ends. */
  readonly signal: AbortSignal;
  readonly #inbox: Inbox<Tx> | undefined;
  readonly #change: string;

  constructor(options: {
    readonly consumer: string;
    readonly attempt: number;
    readonly signal: AbortSignal;
    readonly change: string;
    readonly inbox: Inbox<Tx> | undefined;
  }) {
    this.consumer = options.consumer;
    this.attempt = options.attempt;
    this.signal = options.signal;
    this.#change = options.change;
    this.#inbox = options.inbox;
  }

  /**
   * Does the work in a transaction of the service's database that is committed once for this change, however often the change comes: it also holds the note that it is
   * done. One `once` for each handler.
   * @returns what the work gives; `undefined` when it was done before
   */
  once<T>(work: (tx: Tx) => Promise<T>): Promise<T | undefined> {
    if (this.#inbox === undefined)
      throw new Error(
        'ctx.once needs the database of the service: give MillraceModule an executor, such as fromPg(pool)',
      );
    return this.#inbox.once(this.consumer, this.#change, work);
  }
}
