import type { Refusals } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import { RowRefused } from '../errors.ts';
import type { EventList } from './event-list.ts';
import type { RefusedEvent, RefusedList } from './refused-list.ts';

/** What is tried again before an event is refused. */
export interface RetryPlan {
  readonly retries: number;
  /** Waits before retry 0, 1, … */
  readonly pause: (retry: number) => Promise<void>;
}

/** The events of one piece of work that are left out of it, because the target refuses them or an earlier one of their key. */
export class EventRefusals {
  readonly retry: RetryPlan;
  readonly #refusals: Refusals;
  readonly #list: RefusedList;
  #events!: EventList;
  #leftOut = new Set<number>();
  /** Not yet stored with a commit. */
  #unstored: RefusedEvent[] = [];

  constructor(refusals: Refusals, list: RefusedList, pause: RetryPlan['pause']) {
    this.#refusals = refusals;
    this.#list = list;
    this.retry = { retries: refusals.retries, pause };
  }

  /** Before the events are written: leaves out what has been set aside before a crash, and what has to wait behind others. */
  begin(events: EventList): void {
    this.#events = events;
    this.#leftOut = new Set();
    if (this.#list.size === 0 && !this.#refusals.holdsAny) return;
    for (let event = 0; event < events.length; event++) {
      if (this.isLeftOut(event)) continue;
      const position = events.isLoading(event) ? undefined : events.position(event);
      const before = position && this.#list.find(position);
      if (before?.reason !== undefined) this.refuse(event, again(before.reason));
      else if (before !== undefined || this.#holds(event)) this.#park(event);
    }
  }

  isLeftOut(event: number): boolean {
    return this.#leftOut.has(event);
  }

  refuse(event: number, error: MillraceError): void {
    const events = this.#events;
    this.#leaveOut(event, this.#refusals.refuse(events.batch(event), events.row(event), error), error.message);
    if (!this.#refusals.holdsAny) return;
    for (let later = event + 1; later < events.length; later++) {
      if (!this.isLeftOut(later) && this.#holds(later)) this.#park(later);
    }
  }

  /** Within the transaction, before it is committed. */
  async store(): Promise<void> {
    await this.#list.store(this.#unstored);
  }

  /** It has been committed. */
  stored(): void {
    this.#list.stored(this.#unstored);
    this.#unstored = [];
  }

  #holds(event: number): boolean {
    return this.#refusals.holdsAny && this.#refusals.holds(this.#events.batch(event), this.#events.row(event));
  }

  #park(event: number): void {
    const events = this.#events;
    this.#leaveOut(event, this.#refusals.park(events.batch(event), events.row(event)), undefined);
  }

  #leaveOut(event: number, rows: readonly number[], reason: string | undefined): void {
    const events = this.#events;
    // With one half of a key change goes the other: its neighbour.
    const first = event - events.row(event);
    for (const row of rows) {
      const each = first + row;
      this.#leftOut.add(each);
      const position = events.position(each);
      // Events of a loading table come again anyway.
      if (position !== undefined && !events.isLoading(each)) this.#unstored.push({ position, reason });
    }
  }
}

const again = (message: string): MillraceError =>
  new MillraceError(RowRefused, {
    message,
    mend: 'Repair the row or the table at the target, then replay the record.',
  });
