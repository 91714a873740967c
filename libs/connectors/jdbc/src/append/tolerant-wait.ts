import type { Refusals } from '@millrace/connector-contract';
import type { TargetSession } from '../dialect.ts';
import type { EventList } from '../upsert/event-list.ts';
import { Refusal } from '../upsert/refusal.ts';
import { rowRefused } from '../upsert/row-refused.ts';
import { type AppendPlan, GENERATION, isSourceKey, PART, PLACE, type WaitingRow } from './append-plan.ts';
import { quoteLike } from './move-sql.ts';

/** Puts rows of one piece of work where they wait, and sets those aside that cannot even be put there. In the open transaction. */
export class TolerantWait {
  readonly leftOut = new Set<number>();
  /** Events whose rows have been put there. */
  readonly #waits = new Set<number>();
  readonly #session: TargetSession;
  readonly #refusals: Refusals;
  readonly #events: EventList;
  readonly #wait: (plan: AppendPlan, rows: readonly WaitingRow[]) => Promise<void>;

  constructor(
    session: TargetSession,
    refusals: Refusals,
    events: EventList,
    wait: (plan: AppendPlan, rows: readonly WaitingRow[]) => Promise<void>,
  ) {
    this.#session = session;
    this.#refusals = refusals;
    this.#events = events;
    this.#wait = wait;
  }

  async write(plan: AppendPlan, rows: readonly WaitingRow[]): Promise<void> {
    await this.#write(plan, rows);
    for (const { event, head } of rows) {
      // With one half of a key change goes the other, which may have been written before.
      if (!this.leftOut.has(event) || !this.#waits.has(event)) continue;
      const [generation, part, place] = head;
      const is = (name: string, value: unknown): string => `${quoteLike(plan, name)} = ${String(value)}`;
      await this.#session.execute(
        `delete from ${plan.waiting} where ${[is(GENERATION, generation), is(PART, part), is(PLACE, place)].join(' and ')}`,
      );
    }
  }

  async #write(plan: AppendPlan, all: readonly WaitingRow[]): Promise<void> {
    const rows = all.filter(({ event }) => !this.#isLeftOut(event));
    if (rows.length === 0) return;
    await this.#session.savepoint('waiting');
    try {
      await this.#wait(plan, rows);
      await this.#session.release('waiting');
      for (const { event } of rows) this.#waits.add(event);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await this.#session.rollbackTo('waiting');
      if (rows.length === 1) {
        this.#refuse(plan, rows[0]!.event, error);
        return;
      }
      const middle = rows.length >> 1;
      await this.#write(plan, rows.slice(0, middle));
      await this.#write(plan, rows.slice(middle));
    }
  }

  /** Of a key that has others set aside it is set aside as well. */
  #isLeftOut(event: number): boolean {
    const { holdsAny } = this.#refusals;
    const [batch, row] = [this.#events.batch(event), this.#events.row(event)];
    if (!this.leftOut.has(event) && holdsAny && this.#refusals.holds(batch, row)) {
      this.#leaveOut(event, this.#refusals.park(batch, row));
    }
    return this.leftOut.has(event);
  }

  #refuse(plan: AppendPlan, event: number, refusal: Refusal): void {
    const key = plan.columns.filter((column) => isSourceKey(plan, column));
    const error = rowRefused(this.#events, event, plan, key, refusal);
    this.#leaveOut(event, this.#refusals.refuse(this.#events.batch(event), this.#events.row(event), error));
  }

  #leaveOut(event: number, rows: readonly number[]): void {
    const first = event - this.#events.row(event);
    for (const row of rows) this.leftOut.add(first + row);
  }
}
