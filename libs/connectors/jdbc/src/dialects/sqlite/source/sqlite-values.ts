import { type ColumnKind, DECLARED_TYPES, type DeclaredType } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { ValueUnreadable } from '../../../errors.ts';
import type { SourceColumn } from '../../../source/source-dialect.ts';
import type { TupleWriter } from '../../../source/tuple-writer.ts';
import { affinityOf, type SqliteValue } from '../values.ts';

/** What a column of a declared type holds, as far as that says; values are looked at one by one. */
export function shapeOf(type: string): readonly [kind: ColumnKind, sqlType: string] {
  if (type === '') return ['text', 'text'];
  switch (affinityOf(type)) {
    case 'INTEGER':
      return ['bigint', 'bigint'];
    case 'REAL':
      return ['float', 'double precision'];
    case 'BLOB':
      return ['bytea', 'bytea'];
    case 'TEXT':
      return ['text', 'text'];
    case 'NUMERIC':
      if (/BOOL/i.test(type)) return ['boolean', 'boolean'];
      return /DATE|TIME/i.test(type) ? ['text', 'text'] : ['exact', 'numeric'];
  }
}

const SQL_TYPE: Readonly<Record<string, string>> = {
  time: 'time without time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
};

export const declaredShape = (type: DeclaredType): readonly [kind: ColumnKind, sqlType: string] => [
  DECLARED_TYPES[type],
  SQL_TYPE[type] ?? type,
];

/** Texts that are values of a kind, in PostgreSQL's format. */
const TEXTS: Partial<Readonly<Record<ColumnKind, RegExp>>> = {
  integer: /^-?\d+$/,
  bigint: /^-?\d+$/,
  exact: /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i,
  float: /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i,
  date: /^\d{4}-\d\d-\d\d$/,
  time: /^\d\d:\d\d:\d\d(?:\.\d{1,6})?$/,
  timestamp: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/,
  timestamptz: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?[+-]\d\d(?::\d\d)?$/,
  uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
};

const NUMBERS: readonly ColumnKind[] = ['integer', 'bigint', 'exact', 'float', 'text'];

/** Puts a value into a row. @throws MillraceError `jdbc.value_unreadable`: any value can be in any column. */
export function putValue(column: SourceColumn, value: SqliteValue, writer: TupleWriter): void {
  if (value === null) writer.null();
  else if (value instanceof Uint8Array) {
    if (column.kind !== 'bytea') throw unreadable(column, 'a blob');
    writer.hex(value);
  } else writer.text(textOf(column, value));
}

function textOf(column: SourceColumn, value: bigint | number | string): string {
  const { kind } = column;
  switch (typeof value) {
    case 'bigint':
      if (kind === 'boolean' && (value === 0n || value === 1n)) return value === 1n ? 't' : 'f';
      if (NUMBERS.includes(kind)) return String(value);
      throw unreadable(column, 'an integer');
    case 'number':
      if (kind === 'float' || kind === 'exact' || kind === 'text') return String(value);
      throw unreadable(column, 'a real number');
    default:
      if (kind === 'text' || TEXTS[kind]?.test(value) === true || (kind === 'json' && isJson(value))) return value;
      throw unreadable(column, 'a text');
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const unreadable = ({ name, kind }: SourceColumn, found: string): MillraceError =>
  new MillraceError(ValueUnreadable, {
    message: `column "${name}" is read as ${kind}, but a row has ${found} there that is none`,
    mend: `Repair the row, or give the column another type: "types": { "${name}": "text" }.`,
    pointer: '/types',
    details: { column: name, kind },
  });
