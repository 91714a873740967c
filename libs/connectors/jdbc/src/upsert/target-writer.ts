import { setImmediate as turn } from 'node:timers/promises';
import { FLAG_KEY_CHANGE, Op, type Position } from '@millrace/formats';
import type { StageOptions } from '../config.ts';
import type { TargetSession } from '../dialect.ts';
import type { EventList } from './event-list.ts';
import type { Work } from './pending-events.ts';
import { PlanCache } from './plan-cache.ts';
import { Refusal } from './refusal.ts';
import { rowRefused } from './row-refused.ts';
import { type EventRange, sourceTransactions } from './source-transactions.ts';
import { StepPlanner } from './steps.ts';
import type { TablePlan } from './table-plan.ts';

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

  constructor(session: TargetSession, stage: StageOptions, progress: Position | undefined) {
    this.#session = session;
    this.#stage = stage;
    this.#plans = new PlanCache((source) => session.plan(source, stage));
    this.progress = progress;
  }

  /**
   * Writes the events, and commits when they end where a source transaction ends.
   * @throws MillraceError `jdbc.row_refused`: everything before the refused row's source transaction is committed, nothing of it.
   */
  async write({ events, complete }: Work): Promise<void> {
    await this.#plans.prepare(events);
    const wasOpen = this.#isOpen;
    const before = this.#next;
    if (wasOpen) await this.#session.savepoint('part');
    else await this.#session.begin();
    this.#isOpen = true;
    this.#next = events.progressBefore(events.length) ?? before;
    try {
      await this.#apply(events, { from: 0, to: events.length });
      if (wasOpen) {
        // A commit that fails would take the earlier parts along before the row is found.
        if (complete) await this.#session.checkConstraints();
        await this.#session.release('part');
      }
      if (complete) await this.#commit();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (wasOpen) {
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
    await this.#session.commit(this.#next, this.snapshotId);
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
        const culprit = await this.#attempt(async () => {
          await this.#replayEvents(events, range, refused);
          await this.#session.checkConstraints();
        });
        // A deferred constraint speaks up at the end of the transaction: its last event stands for it.
        if (culprit !== undefined) throw culprit instanceof Culprit ? culprit : new Culprit(range.to - 1, culprit);
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
      const plan = this.#plans.of(events.schema(error.event));
      throw rowRefused(events, error.event, plan, plan.key, error.refusal);
    }
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
    if (range.to - range.from <= 1 || middle === range.to) throw new Culprit(range.to - 1, refusal);
    for (const half of [
      { from: range.from, to: middle },
      { from: middle, to: range.to },
    ]) {
      const again = await this.#attempt(() => this.#apply(events, half));
      if (again instanceof Refusal) await this.#replayEvents(events, half, again);
    }
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
