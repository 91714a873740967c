import { FLAG_KEY_CHANGE, NO_TUPLE, Op, type TableSchema } from '@millrace/formats';
import type { EventList } from './event-list.ts';
import { RowReader } from './row-reader.ts';
import type { TablePlan } from './table-plan.ts';

/** What is done to a row in the target. From `PARTIAL` on: `PARTIAL` + index into `TableRows.partials`. */
export const Action = { Delete: 0, Upsert: 1, Partial: 2 } as const;

/** Rows of which some columns are left alone. */
export interface Partial {
  /** Indexes into the plan's columns that are not written. */
  readonly unknown: readonly number[];
  /**
   * The row may be missing in the target: an event of a loading table can come again after the row's deletion, which then
   * comes again, too.
   */
  readonly mayBeMissing: boolean;
  count: number;
}

/** What one statement does to one table: at most one action per key, the last one. */
export class TableRows {
  readonly plan: TablePlan;
  /** Event of each row, in the order in which the keys came first. */
  readonly events: number[] = [];
  readonly actions: number[] = [];
  readonly partials: Partial[] = [];
  deletes = 0;
  upserts = 0;
  readonly #slots = new Map<string, number>();

  constructor(plan: TablePlan) {
    this.plan = plan;
  }

  slot(key: string): number | undefined {
    return this.#slots.get(key);
  }

  put(key: string, event: number, action: number): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) {
      this.#slots.set(key, this.events.length);
      this.events.push(event);
      this.actions.push(action);
    } else {
      this.#count(this.actions[slot]!, -1);
      this.events[slot] = event;
      this.actions[slot] = action;
    }
    this.#count(action, 1);
  }

  partial(unknown: readonly number[], mayBeMissing: boolean): number {
    const name = unknown.join();
    let index = this.partials.findIndex(
      (known) => known.mayBeMissing === mayBeMissing && known.unknown.join() === name,
    );
    if (index < 0) index = this.partials.push({ unknown, mayBeMissing, count: 0 }) - 1;
    return Action.Partial + index;
  }

  #count(action: number, delta: number): void {
    if (action === Action.Delete) this.deletes += delta;
    else if (action === Action.Upsert) this.upserts += delta;
    else this.partials[action - Action.Partial]!.count += delta;
  }
}

/** One thing to do at the target, in order. */
export type Step =
  | { readonly kind: 'rows'; readonly tables: readonly TableRows[] }
  | { readonly kind: 'truncate'; readonly plans: readonly TablePlan[] }
  /** A key change whose new row leaves columns unchanged that only the old row in the target knows. */
  | { readonly kind: 'move'; readonly plan: TablePlan; readonly event: number };

/** Events looked at in one go; between two, others on the thread get their turn. */
const EVENTS_A_SLICE = 1_024;

/**
 * Turns a range of events into steps: as few as keep the order of every key. Rows of one step are compacted to the last
 * event of each key; deletes of a step are done before its upserts.
 */
export class StepPlanner {
  readonly reader: RowReader;
  readonly #events: EventList;
  readonly #end: number;
  readonly #planOf: (schema: TableSchema) => TablePlan;
  readonly #applyDeletes: boolean;
  readonly #insertOnly: boolean;
  readonly #isLeftOut: (event: number) => boolean;
  #at: number;
  #tables = new Map<string, TableRows>();

  constructor(
    events: EventList,
    range: { readonly from: number; readonly to: number },
    options: {
      readonly planOf: (schema: TableSchema) => TablePlan;
      readonly applyDeletes: boolean;
      /** Only new rows count. */
      readonly insertOnly: boolean;
      /** Events that are not written. */
      readonly isLeftOut?: ((event: number) => boolean) | undefined;
    },
  ) {
    this.reader = new RowReader(events);
    this.#events = events;
    this.#at = range.from;
    this.#end = range.to;
    this.#planOf = options.planOf;
    this.#applyDeletes = options.applyDeletes;
    this.#insertOnly = options.insertOnly;
    this.#isLeftOut = options.isLeftOut ?? (() => false);
  }

  /**
   * Works for a slice. `undefined`: call again. `'end'`: nothing is left.
   * @throws Refusal when an event has no usable key.
   */
  next(): Step | 'end' | undefined {
    const sliceEnd = Math.min(this.#end, this.#at + EVENTS_A_SLICE);
    while (this.#at < sliceEnd) {
      const event = this.#at;
      if (this.#isLeftOut(event)) {
        this.#at = event + 1;
        continue;
      }
      const step = this.#take(event, this.#planOf(this.#events.schema(event)));
      if (step !== undefined) return step;
    }
    if (this.#at < this.#end) return undefined;
    return this.#rows() ?? 'end';
  }

  /** Consumes the event at `#at` into the step being built, or returns the step that has to be done before it (or is it). */
  #take(event: number, plan: TablePlan): Step | undefined {
    const op = this.#events.op(event);
    if (op === Op.Truncate) return this.#truncate(event);
    let rows = this.#tables.get(plan.target);
    if (rows === undefined) {
      rows = new TableRows(plan);
      this.#tables.set(plan.target, rows);
    }
    // The table's shape changed, or another source table goes to the same target.
    if (rows.plan !== plan) return this.#rows();
    if (op === Op.Delete) {
      if (this.#applyDeletes && !this.#isMove(event + 1))
        rows.put(this.reader.key(event, plan, true), event, Action.Delete);
    } else {
      const step = this.#insertOnly ? this.#insert(event, op, plan, rows) : this.#write(event, op, plan, rows);
      if (step !== undefined) return step;
    }
    this.#at = event + 1;
    return undefined;
  }

  /** The first row of a key stays. A key change is an update. */
  #insert(event: number, op: number, plan: TablePlan, rows: TableRows): undefined {
    if (op === Op.Update || (this.#events.flags(event) & FLAG_KEY_CHANGE) !== 0) return;
    const key = this.reader.key(event, plan, false);
    if (rows.slot(key) === undefined) rows.put(key, event, Action.Upsert);
  }

  #write(event: number, op: number, plan: TablePlan, rows: TableRows): Step | undefined {
    const { reader } = this;
    let unknown = reader.unknownColumns(event, plan);
    if (unknown !== undefined && this.#isMove(event)) {
      const before = this.#rows();
      if (before !== undefined) return before;
      this.#at = event + 1;
      return { kind: 'move', plan, event };
    }
    const key = reader.key(event, plan, false);
    if (plan.keyMayChange && op === Op.Update && this.#applyDeletes && this.#events.before(event) !== NO_TUPLE) {
      const old = reader.key(event, plan, true);
      if (old !== key) rows.put(old, event, Action.Delete);
    }
    let action: number = Action.Upsert;
    if (unknown !== undefined) {
      const slot = rows.slot(key);
      if (slot !== undefined) {
        if (rows.actions[slot] === Action.Delete) return this.#rows();
        reader.link(event, rows.events[slot]!);
        unknown = reader.stillUnknown(event, plan, unknown);
      }
      if (unknown.length > 0) action = rows.partial(unknown, this.#events.isLoading(event));
    }
    rows.put(key, event, action);
    return undefined;
  }

  #truncate(event: number): Step | undefined {
    if (!this.#applyDeletes) {
      this.#at = event + 1;
      return undefined;
    }
    const before = this.#rows();
    if (before !== undefined) return before;
    // Tables of one TRUNCATE may reference each other: they go into one statement here as well.
    const plans = new Map<string, TablePlan>();
    for (; this.#at < this.#end && this.#events.op(this.#at) === Op.Truncate; this.#at++) {
      if (this.#isLeftOut(this.#at)) continue;
      const plan = this.#planOf(this.#events.schema(this.#at));
      plans.set(plan.target, plan);
    }
    return { kind: 'truncate', plans: [...plans.values()] };
  }

  /** The create half of a key change that needs the old row. */
  #isMove(event: number): boolean {
    const events = this.#events;
    if (event >= events.length || events.op(event) !== Op.Create) return false;
    if ((events.flags(event) & FLAG_KEY_CHANGE) === 0 || events.before(event) === NO_TUPLE) return false;
    return this.reader.unknownColumns(event, this.#planOf(events.schema(event))) !== undefined;
  }

  #rows(): Step | undefined {
    const tables = [...this.#tables.values()].filter((rows) => rows.events.length > 0);
    if (this.#tables.size > 0) this.#tables = new Map();
    return tables.length === 0 ? undefined : { kind: 'rows', tables };
  }
}
