import { UNCHANGED } from '../change/rows.ts';
import type { Column } from '../change/table-schema.ts';
import { columnText, NotAValue } from './column-text.ts';
import { exactDigits } from './exact-json.ts';

/** Texts by column, `null` of NULL. */
export type ParsedRow = Readonly<Record<string, string | null>>;

/** Text, `null` of NULL, or a value that its database did not send again. */
export type ColumnValue = string | null | typeof UNCHANGED;

/** Values by column. */
export type DeclaredRow = Readonly<Record<string, ColumnValue>>;

/**
 * A row of declared columns.
 * @param take the value of a column; see `columnText`
 * @throws NotAValue
 */
export function declaredRow(
  columns: readonly Column[],
  take: (column: Column, index: number) => unknown,
  isText: boolean,
): ParsedRow {
  return columnValues(columns, (column, index) => columnText(column, take(column, index), isText));
}

/**
 * A row of what each column has.
 * @throws NotAValue also when a column of the key has nothing
 */
export function columnValues<T extends ColumnValue>(
  columns: readonly Column[],
  take: (column: Column, index: number) => T,
): Readonly<Record<string, T>> {
  const row: Record<string, T> = Object.create(null);
  columns.forEach((column, index) => {
    try {
      const value = take(column, index);
      if (value === null && column.key) throw new NotAValue('is missing, but part of the key');
      row[column.name] = value;
    } catch (error) {
      if (!(error instanceof NotAValue)) throw error;
      throw new NotAValue(`its "${column.name}" ${error.message}`);
    }
  });
  return row;
}

/** The row of an object in JSON, with the digits of numbers as they stand there. @throws NotAValue */
export function declaredRowOfJson(columns: readonly Column[], text: string): ParsedRow {
  const object = parseObject(text);
  const take = ({ name, kind }: Column): unknown => {
    const value = Object.hasOwn(object, name) ? object[name] : null;
    const isRounded = typeof value === 'number' && !Number.isSafeInteger(value);
    return isRounded && (kind === 'exact' || kind === 'bigint') ? digitsOf(text, name) : value;
  };
  return declaredRow(columns, take, false);
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new NotAValue('it is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new NotAValue('it is not an object');
  return value as Readonly<Record<string, unknown>>;
}

/**
 * The row of an object of `parseExact`. A text in a column of JSON is the document itself, as envelopes hold it.
 * @param unchanged a text that means that a value was not sent again
 * @throws NotAValue
 */
export const declaredRowOfObject = (
  columns: readonly Column[],
  object: Readonly<Record<string, unknown>>,
  unchanged?: string,
): DeclaredRow =>
  columnValues(columns, (column) => {
    const value = Object.hasOwn(object, column.name) ? object[column.name] : null;
    if (unchanged !== undefined && value === unchanged) return UNCHANGED;
    if (column.kind === 'json') return columnText(column, value, typeof value === 'string');
    return columnText(column, exactDigits(value), false);
  });

type SourceReviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** The digits of a number of an object as they stand there. https://tc39.es/proposal-json-parse-with-source/ */
function digitsOf(text: string, name: string): string | undefined {
  const found: { readonly holder: unknown; readonly source: string | undefined }[] = [];
  const reviver: SourceReviver = function (key, value, { source }) {
    if (key === name) found.push({ holder: this, source });
    return value;
  };
  const root: unknown = JSON.parse(text, reviver as (this: unknown, key: string, value: unknown) => unknown);
  return found.find(({ holder }) => holder === root)?.source;
}
