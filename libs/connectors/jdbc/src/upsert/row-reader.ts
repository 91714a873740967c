import { NO_TUPLE, NULL, TupleCursor, UNCHANGED_LENGTH } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import type { EventList } from './event-list.ts';
import { Refusal } from './refusal.ts';
import type { PlanColumn, TablePlan } from './table-plan.ts';

/** Where a field's text is; `length` may be `NULL` or `UNCHANGED_LENGTH`. */
export interface FieldText {
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
}

/**
 * Reads fields of events. An unchanged TOAST field is looked up in the earlier events of the same row that were linked to it,
 * as long as these are written by the same statement.
 */
export class RowReader {
  readonly events: EventList;
  readonly #cursor = new TupleCursor();
  /** Event of a row, to the event before it that may know its unchanged fields. */
  readonly #earlier = new Map<number, number>();

  constructor(events: EventList) {
    this.events = events;
  }

  link(event: number, earlier: number): void {
    this.#earlier.set(event, earlier);
  }

  /** The key as a string that is equal for equal bytes. `old`: of the tuple before the change. */
  key(event: number, plan: TablePlan, old: boolean): string {
    const offset = old ? this.events.before(event) : this.events.after(event);
    if (offset === NO_TUPLE)
      throw new Refusal('the event carries no key; the replica identity of the table is "nothing"');
    const bytes = this.events.bytes(event);
    this.#read(bytes, offset, plan);
    const { key } = plan;
    if (key.length === 1) {
      const { field, name } = key[0]!;
      const length = this.#cursor.lengths[field]!;
      if (length >= 0) {
        const start = this.#cursor.starts[field]!;
        return bytes.toString('latin1', start, start + length);
      }
      return this.#keyElsewhere(event, plan.key[0]!, length, old, name);
    }
    let joined = '';
    for (const column of key) {
      // The lengths keep ('a', 'bc') and ('ab', 'c') apart.
      const text = this.keyText(event, plan, column, old);
      joined += `${text.length}:${text}`;
    }
    return joined;
  }

  /** One key column's bytes as latin1. @throws Refusal when it is null. */
  keyText(event: number, plan: TablePlan, column: PlanColumn, old: boolean): string {
    const offset = old ? this.events.before(event) : this.events.after(event);
    const bytes = this.events.bytes(event);
    this.#read(bytes, offset, plan);
    const length = this.#cursor.lengths[column.field]!;
    if (length < 0) return this.#keyElsewhere(event, column, length, old, column.name);
    const start = this.#cursor.starts[column.field]!;
    return bytes.toString('latin1', start, start + length);
  }

  /** Indexes into the plan's columns whose value nobody in reach knows; `undefined` in the usual case of none. */
  unknownColumns(event: number, plan: TablePlan): number[] | undefined {
    this.#read(this.events.bytes(event), this.events.after(event), plan);
    const { lengths } = this.#cursor;
    let found: number[] | undefined;
    for (let index = 0; index < plan.columns.length; index++) {
      const { field, key } = plan.columns[index]!;
      if (lengths[field] !== UNCHANGED_LENGTH || key) continue;
      found ??= [];
      found.push(index);
    }
    return found;
  }

  /** Of these columns, those whose value the linked earlier events do not know either. */
  stillUnknown(event: number, plan: TablePlan, unknown: readonly number[]): number[] {
    return unknown.filter((index) => this.find(event, plan.columns[index]!).length === UNCHANGED_LENGTH);
  }

  /** Looks beyond the event's own tuple for a field it left unchanged. */
  find(event: number, column: PlanColumn): FieldText {
    const { field } = column;
    for (let at: number | undefined = event; at !== undefined; at = this.#earlier.get(at)) {
      const bytes = this.events.bytes(at);
      this.#cursor.read(bytes, this.events.after(at));
      if (this.#cursor.lengths[field] !== UNCHANGED_LENGTH) {
        return { bytes, start: this.#cursor.starts[field]!, length: this.#cursor.lengths[field]! };
      }
      const before = this.events.before(at);
      // Outside the key a null of the tuple before may only mean "not part of the replica identity".
      if (column.key && before !== NO_TUPLE) {
        this.#cursor.read(bytes, before);
        return { bytes, start: this.#cursor.starts[field]!, length: this.#cursor.lengths[field]! };
      }
    }
    return { bytes: this.events.bytes(event), start: 0, length: UNCHANGED_LENGTH };
  }

  #keyElsewhere(event: number, column: PlanColumn, length: number, old: boolean, name: string): string {
    if (!old && length === UNCHANGED_LENGTH) {
      const found = this.find(event, column);
      if (found.length >= 0) return found.bytes.toString('latin1', found.start, found.start + found.length);
    }
    throw new Refusal(`the key column "${name}" is ${length === NULL ? 'null' : 'not in the event'}`);
  }

  #read(bytes: Buffer, offset: number, plan: TablePlan): void {
    this.#cursor.read(bytes, offset);
    assert(this.#cursor.fieldCount > plan.fieldMax, `a tuple of ${plan.source.id} has fewer fields than its schema`);
  }
}
