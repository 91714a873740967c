import { type Column, derivedSchema, parseExact } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { LookupRefused } from '../../errors.ts';

/** At the end of a table's name: a hash for each row, not a field. */
export const EACH_ROW = '*';

export type Row = (string | null)[] | undefined;

/** As the sink names rows. */
export const nameOf = (key: readonly string[]): string => (key.length === 1 ? key[0]! : JSON.stringify(key));

/** All columns are texts: Redis knows no types. */
export function lookupColumns(names: readonly string[]): readonly Column[] {
  const typed = names.map((name) => ({ name, kind: 'text' as const, sqlType: 'text' }));
  return derivedSchema('redis', 'lookup', typed).columns;
}

/** @throws MillraceError `redis.lookup_refused` */
export function rowOf(key: string, name: string, text: string, columns: readonly string[]): Row {
  let row: unknown;
  try {
    row = parseExact(text);
  } catch {
    row = undefined;
  }
  if (typeof row !== 'object' || row === null) {
    throw new MillraceError(LookupRefused, {
      message: `field ${JSON.stringify(name)} of "${key}" is no JSON object`,
      mend: 'Keep rows as JSON objects, as the sink does with type hash and no "value".',
    });
  }
  const values = row as Readonly<Record<string, unknown>>;
  return columns.map((column) => (Object.hasOwn(values, column) ? textOf(values[column]) : null));
}

function textOf(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  return JSON.stringify(value);
}
