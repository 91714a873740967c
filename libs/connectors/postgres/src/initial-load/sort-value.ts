/** Orders like the PostgreSQL value it was made of, with `<` and `===`. One key column has values of one JavaScript type. */
export type SortValue = number | bigint | string;

/** OIDs of `pg_type.dat`. */
const INT2 = 21;
const INT4 = 23;
const INT8 = 20;
const OID = 26;
const NUMERIC = 1700;
const UUID = 2950;
const BYTEA = 17;
const DATE = 1082;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;
const TEXT = 25;
const VARCHAR = 1043;
const BPCHAR = 1042;

type ToSortValue = (text: string) => SortValue;

/** Years run from 4714 BC to 294276 AD. */
const YEAR_OFFSET = 10_000;

/**
 * How text of this type (its base type when it is a domain) becomes a value that orders as the server's btree does, or
 * `undefined` for types and collations whose order only the server knows.
 * @param byteOrder strings are ordered by their UTF-8 bytes (collation C, POSIX and the code point collations).
 */
export function sortValueOf(typeOid: number, byteOrder: boolean): ToSortValue | undefined {
  switch (typeOid) {
    case INT2:
    case INT4:
    case OID:
      return Number;
    case INT8:
      return BigInt;
    case NUMERIC:
      return numericOrder;
    case UUID:
    case BYTEA:
      // Lower-case hexadecimal orders as the bytes do.
      return (text) => text;
    case DATE:
    case TIMESTAMP:
    case TIMESTAMPTZ:
      return timeOrder;
    case TEXT:
    case VARCHAR:
      return byteOrder ? utf8Order : undefined;
    case BPCHAR:
      return byteOrder ? (text) => utf8Order(text.replace(/ +$/, '')) : undefined;
    default:
      return undefined;
  }
}

/** One character per UTF-8 byte: JavaScript's own order (of UTF-16 units) differs above U+D7FF. */
const utf8Order = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/**
 * Signs in order M (-Infinity), N (negative), O (zero), P (positive), Q (Infinity), Z (NaN, the greatest: numeric.c); then the number of
 * digits before the point, then all digits. Of negative numbers every digit is complemented, and an end mark above the
 * digits makes the shorter one the greater.
 */
function numericOrder(text: string): string {
  if (text === 'NaN') return 'Z';
  if (text === 'Infinity') return 'Q';
  if (text === '-Infinity') return 'M';
  const negative = text.startsWith('-');
  const [whole = '', fraction = ''] = (negative ? text.slice(1) : text).split('.');
  const significant = whole.replace(/^0+/, '');
  const digits = (significant + fraction).replace(/0+$/, '');
  if (digits === '') return 'O';
  const sortable = String(significant.length).padStart(6, '0') + digits;
  return negative ? `N${sortable.replace(/\d/g, (digit) => String(9 - Number(digit)))}~` : `P${sortable}`;
}

/** `2024-01-31 12:00:00.5+00`, `0044-03-15 BC`, `infinity`, `-infinity`; sessions run in UTC, so the zone is always +00. */
function timeOrder(text: string): string {
  if (text === 'infinity') return '~';
  if (text === '-infinity') return '';
  const dash = text.indexOf('-');
  const isBeforeChrist = text.endsWith(' BC');
  const year = Number(text.slice(0, dash));
  const rest = text.slice(dash, isBeforeChrist ? -3 : undefined).replace(/\+00$/, '');
  return String((isBeforeChrist ? 1 - year : year) + YEAR_OFFSET).padStart(6, '0') + rest;
}
