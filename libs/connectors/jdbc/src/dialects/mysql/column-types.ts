import type { Column, ColumnKind } from '@millrace/formats';

/** Widest key text that fits an index of InnoDB four times over (3,072 bytes, four a character). */
const KEY_CHARACTERS = 191;
/** A `varchar` counts towards the 65,535 bytes of a row; longer texts are kept outside of it. */
const VARCHAR_MAX = 191;
const DECIMAL_DIGITS_MAX = 65;
const DECIMAL_SCALE_MAX = 30;

const TEXTS = ['varchar', 'tinytext', 'text', 'mediumtext', 'longtext'];
const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];

/** Types in which each kind of value arrives exactly or is refused. A type that rounds, pads or folds values is in no list. */
const EXACT: Readonly<Record<ColumnKind, readonly string[]>> = {
  integer: [...INTEGERS, 'decimal', 'double', ...TEXTS],
  bigint: [...INTEGERS, 'decimal', ...TEXTS],
  exact: ['decimal', ...TEXTS],
  float: ['double', ...TEXTS],
  boolean: [...INTEGERS, ...TEXTS],
  json: TEXTS,
  timestamptz: ['datetime', 'timestamp', ...TEXTS],
  timestamp: ['datetime', ...TEXTS],
  date: ['date', ...TEXTS],
  time: ['time', ...TEXTS],
  uuid: ['char', 'uuid', ...TEXTS],
  bytea: ['varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'],
  text: ['char', ...TEXTS],
};

const WHY: Readonly<Record<string, string>> = {
  json: 'it keeps numbers as doubles and loses the order of names',
  float: 'it keeps six or seven digits',
  double: 'it keeps 15 to 17 digits',
  binary: 'it fills values up with zeros',
  enum: 'it folds letter case',
};

/** `varchar` of `varchar(20) collate utf8mb4_bin`. */
export const baseType = (type: string): string => /^\w+/.exec(type)![0].toLowerCase();

export const isText = (type: string): boolean => TEXTS.includes(baseType(type));

export function misfit({ kind, sqlType }: Pick<Column, 'kind' | 'sqlType'>, type: string): string | undefined {
  const base = baseType(type);
  // The unsigned 64-bit numbers of a source, say.
  if (/^numeric\(\d+,0\)$/.test(sqlType) && INTEGERS.includes(base)) return undefined;
  if (EXACT[kind].includes(base)) {
    if (kind !== 'exact' || base !== 'decimal' || sqlType !== 'money') return undefined;
    return 'money is text with its currency';
  }
  return WHY[base] ?? `${kind} goes into ${EXACT[kind].join(', ')}`;
}

/** Byte by byte and, where the server can, with trailing spaces: texts that differ stay different. */
const charsetOf = (collation: string): string => `character set utf8mb4 collate ${collation}`;

export function createdType({ kind, sqlType }: Column, isKey: boolean, collation: string): string {
  const text = isKey ? `varchar(${KEY_CHARACTERS}) ${charsetOf(collation)}` : `longtext ${charsetOf(collation)}`;
  switch (kind) {
    case 'integer':
      return sqlType === 'smallint' ? 'smallint' : sqlType === 'oid' ? 'int unsigned' : 'int';
    case 'bigint':
      return 'bigint';
    case 'exact':
      return decimalType(sqlType) ?? text;
    case 'float':
      return 'double';
    case 'boolean':
      return 'boolean';
    case 'timestamptz':
    case 'timestamp':
      return 'datetime(6)';
    case 'date':
      return 'date';
    case 'time':
      return 'time(6)';
    case 'uuid':
      return 'char(36) character set ascii collate ascii_bin';
    case 'bytea':
      return isKey ? `varbinary(${KEY_CHARACTERS})` : 'longblob';
    case 'json':
    case 'text': {
      const width = /^character(?: varying)?\((\d+)\)$/.exec(sqlType)?.[1];
      if (width === undefined || Number(width) > VARCHAR_MAX) return text;
      return `varchar(${width}) ${charsetOf(collation)}`;
    }
  }
}

/** A numeric without precision gets all there is. `undefined`: money, or wider than a decimal can be. */
function decimalType(sqlType: string): string | undefined {
  if (sqlType === 'numeric') return `decimal(${DECIMAL_DIGITS_MAX},${DECIMAL_SCALE_MAX})`;
  const match = /^numeric\((\d+),(-?\d+)\)$/.exec(sqlType);
  if (match === null) return undefined;
  // A negative scale rounds at the source; the digits before the point stay.
  const scale = Math.max(0, Number(match[2]));
  const digits = Math.max(Number(match[1]) - Math.min(0, Number(match[2])), scale);
  return digits > DECIMAL_DIGITS_MAX || scale > DECIMAL_SCALE_MAX ? undefined : `decimal(${digits},${scale})`;
}
