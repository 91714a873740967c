import { type TableSchema, TupleCursor } from '@millrace/formats';
import { assert, MillraceError } from '@millrace/kernel';
import type { KeyColumn } from '../preflight/table-catalog.ts';
import { TableChangedDuringLoad } from '../setup-errors.ts';
import { type SortValue, sortValueOf } from './sort-value.ts';

/** A key's value: as PostgreSQL writes it, and as JavaScript orders it. */
export interface Key {
  readonly texts: readonly string[];
  readonly values: readonly SortValue[];
}

/** -1, 0 or 1 as PostgreSQL's row comparison orders two keys of one table. */
export function compareKeys(a: Key, b: Key): number {
  for (let column = 0; column < a.values.length; column++) {
    const left = a.values[column]!;
    const right = b.values[column]!;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** Equal keys have equal ids. */
export const keyId = (key: Key): string => key.values.join('\0');

/** The key of one table: finds it in raw tuples of any version of the table's schema. */
export class TableKey {
  readonly columns: readonly KeyColumn[];
  /** JavaScript orders the keys exactly as the server: the table can be read in ranges. */
  readonly isOrdered: boolean;
  readonly #tableId: string;
  readonly #toValue: readonly ((text: string) => SortValue)[];
  readonly #cursor = new TupleCursor();
  #schema: TableSchema | undefined;
  #fields: readonly number[] = [];

  constructor(tableId: string, columns: readonly KeyColumn[]) {
    this.columns = columns;
    this.#tableId = tableId;
    const toValue = columns.map((column) => sortValueOf(column.baseTypeOid, column.byteOrder));
    this.isOrdered = columns.length > 0 && toValue.every((convert) => convert !== undefined);
    this.#toValue = toValue.map((convert) => convert ?? ((text) => text));
  }

  /** The key of these values in PostgreSQL's text format. */
  ofTexts(texts: readonly string[]): Key {
    return { texts, values: texts.map((text, column) => this.#toValue[column]!(text)) };
  }

  /**
   * The key in a raw tuple. A key field that was not resent (a TOASTed key) is taken from `before`.
   * @throws MillraceError `postgres.table_changed_during_load` when the schema has no such columns any more.
   */
  ofTuple(schema: TableSchema, tuple: Uint8Array, before?: Uint8Array): Key {
    const bytes = Buffer.from(tuple.buffer, tuple.byteOffset, tuple.byteLength);
    const cursor = this.#cursor;
    cursor.read(bytes, 0);
    const texts: string[] = [];
    for (const field of this.#fieldsOf(schema)) {
      const length = cursor.lengths[field]!;
      if (length < 0) {
        assert(before !== undefined, `a change of ${this.#tableId} says what its key is`);
        return this.ofTuple(schema, before);
      }
      texts.push(bytes.toString('utf8', cursor.starts[field]!, cursor.starts[field]! + length));
    }
    return this.ofTexts(texts);
  }

  #fieldsOf(schema: TableSchema): readonly number[] {
    if (schema === this.#schema) return this.#fields;
    this.#fields = this.columns.map(({ name }) => {
      const column = schema.columns.find((candidate) => candidate.name === name);
      if (column !== undefined) return column.field;
      throw new MillraceError(TableChangedDuringLoad, {
        message: `key column "${name}" of ${this.#tableId} was renamed or dropped while the table was being loaded`,
        mend: 'Cancel the job and submit it again: a new initial load begins.',
        details: { table: this.#tableId, column: name },
      });
    });
    this.#schema = schema;
    return this.#fields;
  }
}
