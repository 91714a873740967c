import { setImmediate as turn } from 'node:timers/promises';
import { comparePositions, FLAG_KEY_CHANGE, Op, type Position } from '@millrace/formats';
import type { MillraceError } from '@millrace/kernel';
import type { StageOptions } from '../config.ts';
import type { TargetSession } from '../dialect.ts';
import type { EventList } from './event-list.ts';
import type { EventRefusals } from './event-refusals.ts';
import type { Work } from './pending-events.ts';
import { PlanCache } from './plan-cache.ts';
import { Refusal } from './refusal.ts';
import type { RefusedList } from './refused-list.ts';
import { rowRefused } from './row-refused.ts';
import { type EventRange, sourceTransactions } from './source-transactions.ts';
import { StepPlanner } from './steps.ts';
import type { TablePlan } from './table-plan.ts';

/** So many events of one source transaction are left out for a deferred constraint before all of it is refused. */
const DEFERRED_TRIES_MAX = 16;

/** One refused event, found. */
class Culprit {
  readonly event: number;
  readonly refusal: Refusal;

  constructor(event: number, refusal: Refusal) {
    this.event = event;
    this.refusal = refusal;
  }
}

/** Writes pieces of work in target transactions that never hold part of a source transaction once committed. */
export class TargetWriter {
  /** Target transactions committed. */
  transactions = 0;
  /** Of the newest snapshot that was prepared. */
  snapshotId: number | undefined;
  /** Position of the last event that was committed as progress. */
  progress: Position | undefined;
  readonly #session: TargetSession;
  readonly #stage: StageOptions;
  readonly #plans: PlanCache<TablePlan>;
  /** A target transaction is open: it holds part of a source transaction. */
  #isOpen = false;
  /** Progress that the open transaction will bring. */
  #next: Position | undefined;
  #depth = 0;

  readonly #refusals: EventRefusals | undefined;
  readonly #list: RefusedList | undefined;
  /** What a committed snapshot holds has not to be remembered any more. */
  #coveredUpTo: Position | undefined;

  constructor(
    session: TargetSession,
    stage: StageOptions,
    progress: Position | undefined,
    refusals?: { readonly events: EventRefusals; readonly list: RefusedList },
  ) {
    this.#refusals = refusals?.events;
    this.#list = refusals?.list;
    this.#session = session;
    this.#stage = stage;
    this.#plans = new PlanCache((source) => session.plan(source, stage));
    this.progress = progress;
  }

  /** A committed snapshot holds everything up to here, refused events too. */
  covered(upTo: Position | undefined): void {
    if (this.#list !== undefined && this.#list.size > 0) this.#coveredUpTo = upTo;
  }

  /**
   * Writes the events, and commits when they end where a source transaction ends.
   * @throws MillraceError `jdbc.row_refused`: everything before the refused row's source transaction is committed, nothing of it.
   */
  async write({ events, complete }: Work): Promise<void> {
    await this.#plans.prepare(events);
    this.#refusals?.begin(events);
    const wasOpen = this.#isOpen;
    const before = this.#next;
    // A part is refused by itself, not when the next one begins.
    const isPart = wasOpen || !complete;
    if (!wasOpen) await this.#session.begin();
    if (isPart) await this.#session.savepoint('part');
    this.#isOpen = true;
    this.#next = events.progressBefore(events.length) ?? before;
    try {
      await this.#apply(events, { from: 0, to: events.length });
      if (isPart) {
        // A commit that fails would take the earlier parts along before the row is found.
        if (complete) await this.#session.checkConstraints();
        await this.#session.release('part');
      }
      if (complete) await this.#commit();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (isPart) {
        await this.#session.rollbackTo('part');
      } else {
        await this.#session.rollback();
        await this.#session.begin();
      }
      await this.#replay(events, complete, before);
      if (complete) await this.#commit();
    }
  }

  async #commit(): Promise<void> {
    await this.#refusals?.store();
    if (this.#coveredUpTo !== undefined) await this.#list!.forget(this.#coveredUpTo);
    this.#coveredUpTo = undefined;
    // Events that had been refused come again behind later ones.
    const isBehind =
      this.#next !== undefined && this.progress !== undefined && comparePositions(this.#next, this.progress) < 0;
    if (isBehind) this.#next = this.progress;
    await this.#session.commit(this.#next, this.snapshotId);
    this.#refusals?.stored();
    this.progress = this.#next ?? this.progress;
    this.#next = undefined;
    this.#isOpen = false;
    this.transactions += 1;
  }

  async #apply(events: EventList, range: EventRange): Promise<void> {
    const planner = new StepPlanner(events, range, {
      planOf: (schema) => this.#plans.of(schema),
      applyDeletes: this.#stage.mode === 'upsert' && this.#stage.deletes !== 'ignore',
      insertOnly: this.#stage.mode === 'insert-only',
      isLeftOut: this.#refusals && ((event) => this.#refusals!.isLeftOut(event)),
    });
    for (let step = planner.next(); step !== 'end'; step = planner.next()) {
      if (step === undefined) await turn();
      else await this.#session.apply(step, planner.reader);
    }
  }

  /**
   * Something in the events was refused. Writes them again in smaller and smaller pieces, in order: that finds the row, and it also
   * gets through where only the compaction was refused (two rows that exchange a unique value).
   */
  async #replay(events: EventList, complete: boolean, before: Position | undefined): Promise<void> {
    const ranges = sourceTransactions(events);
    // How many of the ranges are written and would be committed.
    let written = 0;
    const halves = async (from: number, to: number): Promise<void> => {
      const range = { from: ranges[from]!.from, to: ranges[to - 1]!.to };
      const refused = await this.#attempt(() => this.#applyWhole(events, range));
      if (!(refused instanceof Refusal)) {
        written = to;
      } else if (to - from > 1) {
        const middle = (from + to) >> 1;
        await halves(from, middle);
        await halves(middle, to);
      } else {
        await this.#single(events, range, refused);
        written = to;
      }
    };
    try {
      await halves(0, ranges.length);
    } catch (error) {
      if (!(error instanceof Culprit)) throw error;
      // The part of a source transaction that was open before ends with the first range.
      const mayCommit = written > 0 && (complete || written < ranges.length);
      if (mayCommit) {
        this.#next = events.progressBefore(ranges[written - 1]!.to) ?? before;
        await this.#commit();
      } else {
        await this.#session.rollback();
      }
      throw this.#rowRefused(events, error);
    }
  }

  /**
   * One source transaction of which something is refused: finds it, and goes on without it where that is the policy.
   * @throws Culprit where it is not, or where the transaction is refused as a whole
   */
  async #single(events: EventList, range: EventRange, refusal: Refusal): Promise<void> {
    let refused = await this.#attempt(async () => {
      await this.#replayEvents(events, range, refusal);
      await this.#session.checkConstraints();
    });
    for (let tries = 0; refused !== undefined; tries++) {
      if (refused instanceof Culprit) throw refused;
      // A deferred constraint speaks up at the end of the transaction: its last event stands for it.
      let last = range.to - 1;
      while (last > range.from && this.#refusals?.isLeftOut(last) === true) last -= 1;
      const culprit = new Culprit(last, refused);
      if (this.#refusals === undefined || tries === DEFERRED_TRIES_MAX) throw culprit;
      this.#refusals.refuse(last, this.#rowRefused(events, culprit));
      refused = await this.#attempt(() => this.#applyWhole(events, range));
    }
  }

  #rowRefused(events: EventList, { event, refusal }: Culprit): MillraceError {
    const plan = this.#plans.of(events.schema(event));
    return rowRefused(events, event, plan, plan.key, refusal);
  }

  async #applyWhole(events: EventList, range: EventRange): Promise<void> {
    await this.#apply(events, range);
    await this.#session.checkConstraints();
  }

  /** Halves a source transaction that was refused until single events are left. @throws Culprit */
  async #replayEvents(events: EventList, range: EventRange, refusal: Refusal): Promise<void> {
    let middle = (range.from + range.to) >> 1;
    // The halves of a key change stay together.
    if (middle < range.to && this.#isSecondHalf(events, middle)) middle += 1;
    if (range.to - range.from <= 1 || middle === range.to) return this.#refuse(events, range, refusal);
    for (const half of [
      { from: range.from, to: middle },
      { from: middle, to: range.to },
    ]) {
      const again = await this.#attempt(() => this.#apply(events, half));
      if (again instanceof Refusal) await this.#replayEvents(events, half, again);
    }
  }

  /** One event (or the halves of a key change) that is refused: tried again as often as the policy says, then left out. @throws Culprit */
  async #refuse(events: EventList, range: EventRange, refusal: Refusal): Promise<void> {
    const refusals = this.#refusals;
    const culprit = new Culprit(range.to - 1, refusal);
    if (refusals === undefined) throw culprit;
    for (let retry = 0; retry < refusals.retry.retries; retry++) {
      await refusals.retry.pause(retry);
      const again = await this.#attempt(() => this.#apply(events, range));
      if (!(again instanceof Refusal)) return;
    }
    refusals.refuse(culprit.event, this.#rowRefused(events, culprit));
  }

  #isSecondHalf(events: EventList, event: number): boolean {
    return events.op(event) === Op.Create && (events.flags(event) & FLAG_KEY_CHANGE) !== 0;
  }

  /** Runs in a savepoint; what was refused is undone and returned. */
  async #attempt(work: () => Promise<void>): Promise<Refusal | Culprit | undefined> {
    const name = `attempt_${this.#depth++}`;
    try {
      await this.#session.savepoint(name);
      await work();
      await this.#session.release(name);
      return undefined;
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Culprit)) throw error;
      await this.#session.rollbackTo(name);
      return error;
    } finally {
      this.#depth -= 1;
    }
  }
}
