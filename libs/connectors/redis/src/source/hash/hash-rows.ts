import {
  type ChangeBatch,
  type Column,
  columnText,
  type DeclaredRow,
  declaredRow,
  declaredRowOfJson,
  declaredSchema,
  encodeRows,
  NotAValue,
  type TableSchema,
} from '@millrace/formats';
import type { SourceStage } from '../source-stage.ts';
import { entryRefused } from '../text-rows.ts';
import type { RowName } from './known-rows.ts';
import type { FoundRow } from './place.ts';

/** A row as it is now; without a value it is gone. */
export interface Change extends RowName {
  readonly value: FoundRow['value'] | undefined;
}

/** Rows of what hashes hold. The columns of the key are what the name says, as the sink writes it. */
export class HashRows {
  readonly #schema: TableSchema;
  readonly #keyColumns: readonly Column[];
  readonly #others: readonly Column[];
  readonly #value: string | undefined;

  constructor(stage: SourceStage) {
    this.#schema = declaredSchema(stage);
    this.#keyColumns = stage.key.map((name) => this.#schema.columns.find((column) => column.name === name)!);
    this.#others = this.#schema.columns.filter(({ key }) => !key);
    this.#value = stage.value;
  }

  /** @throws MillraceError `redis.entry_refused` */
  batch(changes: readonly Change[], receivedMs: number): ChangeBatch {
    const deleted = new Set<object>();
    const rows = changes.map((change) => {
      try {
        const row = { ...this.#keyOf(change.name), ...this.#rest(change.value) };
        if (change.value === undefined) deleted.add(row);
        return row;
      } catch (error) {
        throw error instanceof NotAValue
          ? entryRefused(`row ${JSON.stringify(change.name)} of ${change.key}`, error)
          : error;
      }
    });
    return encodeRows(this.#schema, rows, { receivedMs, isDelete: (row) => deleted.has(row) });
  }

  #keyOf(name: string): DeclaredRow {
    const texts = this.#keyColumns.length === 1 ? [name] : textsOf(name, this.#keyColumns.length);
    return declaredRow(this.#keyColumns, (_, index) => texts[index], true);
  }

  #rest(value: Change['value']): DeclaredRow {
    if (value === undefined) return {};
    if (this.#value !== undefined) return { [this.#value]: columnText(this.#others[0]!, value, true) };
    if (typeof value === 'string') return declaredRowOfJson(this.#others, value);
    const fields = new Map<string, string>();
    for (let at = 0; at < value.length; at += 2) fields.set(value[at]!, value[at + 1]!);
    return declaredRow(this.#others, ({ name }) => fields.get(name) ?? null, true);
  }
}

function textsOf(name: string, count: number): readonly string[] {
  let texts: unknown;
  try {
    texts = JSON.parse(name);
  } catch {
    texts = undefined;
  }
  if (!Array.isArray(texts) || texts.length !== count || texts.some((text) => typeof text !== 'string'))
    throw new NotAValue(`its name is no JSON array of ${count} texts, one for each column of the key`);
  return texts as readonly string[];
}
