import { NO_TUPLE, NULL, TupleCursor } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import type { RowReader } from './row-reader.ts';
import type { TablePlan } from './table-plan.ts';

/** A row's values as PostgreSQL writes them, decoded; for databases that take each value by itself. */
export class RowTexts {
  readonly #cursor = new TupleCursor();

  /**
   * A text for each of the plan's columns; `null` is null or not known. `old`: of the tuple before the change, of which only the key
   * is given.
   */
  read(reader: RowReader, event: number, plan: TablePlan, old: boolean): (string | null)[] {
    const { events } = reader;
    const offset = old ? events.before(event) : events.after(event);
    assert(offset !== NO_TUPLE, 'an event without the tuple it needs was planned');
    const bytes = events.bytes(event);
    this.#cursor.read(bytes, offset);
    const { starts, lengths } = this.#cursor;
    return plan.columns.map((column) => {
      const length = old && !column.key ? NULL : lengths[column.field]!;
      if (length >= 0) return bytes.toString('utf8', starts[column.field]!, starts[column.field]! + length);
      if (length === NULL) return null;
      const found = reader.find(event, column);
      return found.length < 0 ? null : found.bytes.toString('utf8', found.start, found.start + found.length);
    });
  }
}
