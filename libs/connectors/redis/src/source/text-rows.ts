import {
  type ChangeBatch,
  columnText,
  type DeclaredRow,
  declaredRowOfJson,
  declaredRowOfObject,
  declaredSchema,
  encodeRows,
  NotAValue,
  parseExact,
  type TableSchema,
} from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { EntryRefused } from '../errors.ts';
import type { SourceStage } from './source-stage.ts';

/** Rows of texts: elements of lists, messages of channels. */
export class TextRows {
  readonly #stage: SourceStage;
  readonly #schema: TableSchema;

  constructor(stage: SourceStage) {
    this.#stage = stage;
    this.#schema = declaredSchema(stage);
  }

  /**
   * @param place of the text with this index, for the message of an error
   * @throws MillraceError `redis.entry_refused`
   */
  batch(texts: readonly string[], receivedMs: number, place: (index: number) => string): ChangeBatch {
    const deleted = new Set<object>();
    const rows = texts.map((text, index) => {
      try {
        return this.#row(text, deleted);
      } catch (error) {
        throw error instanceof NotAValue ? entryRefused(place(index), error) : error;
      }
    });
    return encodeRows(this.#schema, rows, { receivedMs, isDelete: (row) => deleted.has(row) });
  }

  #row(text: string, deleted: Set<object>): DeclaredRow {
    const { columns } = this.#schema;
    const { value, field } = this.#stage;
    if (value !== undefined) return { [value]: columnText(columns[0]!, text, true) };
    if (field === undefined) return declaredRowOfJson(columns, text);
    const entry = objectOf(text);
    const row = entry[field];
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      throw new NotAValue(`its "${field}" is no object`);
    const isDeleted = entry['op'] === 'd';
    const made = declaredRowOfObject(columns, row as Readonly<Record<string, unknown>>);
    if (isDeleted) deleted.add(made);
    return made;
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseExact(text);
  } catch {
    throw new NotAValue('it is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new NotAValue('it is not an object');
  return value as Readonly<Record<string, unknown>>;
}

export const entryRefused = (place: string, { message }: NotAValue): MillraceError =>
  new MillraceError(EntryRefused, {
    message: `${place}: ${message}`,
    mend: 'Correct columns, key, field and value of the stage, or what is there.',
    details: { place },
  });
