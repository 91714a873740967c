import { InvalidText, sqlError } from '../errors.ts';
import type { SqlType } from '../types/sql-type.ts';
import { dateText, parseDate, parseTime, parseTimestamp, timestampText, timeText } from './datetime.ts';
import { type FloatName, floatText, type IntName, parseFloatText, parseInteger } from './floats.ts';
import { type Interval, intervalText, parseInterval } from './interval.ts';
import { type Jsonb, jsonText, parseJson } from './json.ts';
import { holdTo, type Numeric, numericText, parseNumeric } from './numeric.ts';

/**
 * A value of SQL; `null` is NULL. boolean: boolean; int2, int4, float4, float8: number; int8: bigint; numeric: `Numeric`; date: days since 1970
 * (infinite ones as JavaScript's); time: microseconds; timestamp, timestamptz: microseconds since 1970; interval: `Interval`; bytea:
 * `Uint8Array`; jsonb: `Jsonb`; json and all other types: PostgreSQL's text. All survive structured clone.
 */
export type SqlValue = null | boolean | number | bigint | string | Numeric | Interval | Jsonb | Uint8Array;

const BOOLEANS: Readonly<Record<string, boolean>> = {
  t: true,
  true: true,
  y: true,
  yes: true,
  on: true,
  '1': true,
  f: false,
  false: false,
  n: false,
  no: false,
  off: false,
  '0': false,
};

function parseBoolean(text: string): boolean {
  const word = text.trim().toLowerCase();
  const value =
    BOOLEANS[word] ??
    (word.length > 0 && 'true'.startsWith(word)
      ? true
      : word.length > 0 && 'false'.startsWith(word)
        ? false
        : undefined);
  if (value === undefined) throw sqlError(InvalidText, `invalid input syntax for type boolean: "${text}"`);
  return value;
}

const UUID = /^\{?[0-9a-f]{4}-?(?:[0-9a-f]{4}-?){6}[0-9a-f]{4}\}?$/i;

function parseUuid(text: string): string {
  const digits = text.trim().replace(/[{}-]/g, '').toLowerCase();
  if (!UUID.test(text.trim()) || digits.length !== 32)
    throw sqlError(InvalidText, `invalid input syntax for type uuid: "${text}"`);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function parseBytea(text: string): Uint8Array {
  if (!/^\\x([0-9a-f]{2})*$/i.test(text)) throw sqlError(InvalidText, 'invalid input syntax for type bytea');
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}

/**
 * A value from PostgreSQL's text form: what the server prints, and what it reads as input of the type.
 * @throws MillraceError `sql.invalid_text`, `sql.out_of_range`, `sql.invalid_datetime`, `sql.datetime_out_of_range`
 */
export function decodeText({ name, modifier }: SqlType, text: string): SqlValue {
  switch (name) {
    case 'boolean':
      return parseBoolean(text);
    case 'int2':
    case 'int4':
    case 'int8':
      return parseInteger(text, name satisfies IntName);
    case 'float4':
    case 'float8':
      return parseFloatText(text, name satisfies FloatName);
    case 'numeric': {
      const value = parseNumeric(text);
      return modifier === undefined ? value : holdTo(value, modifier);
    }
    case 'date':
      return parseDate(text);
    case 'time':
      return parseTime(text);
    case 'timestamp':
    case 'timestamptz':
      return parseTimestamp(text, name);
    case 'interval':
      return parseInterval(text);
    case 'uuid':
      return parseUuid(text);
    case 'bytea':
      return parseBytea(text);
    case 'jsonb':
      return parseJson(text);
    default:
      return text;
  }
}

/** PostgreSQL's text form of a value, exactly as the server prints it in UTC; `null` of NULL. */
export function encodeText({ name }: SqlType, value: SqlValue): string | null {
  if (value === null) return null;
  switch (name) {
    case 'boolean':
      return value === true ? 't' : 'f';
    case 'float4':
    case 'float8':
      return floatText(value as number, name);
    case 'numeric':
      return numericText(value as Numeric);
    case 'date':
      return dateText(value as number);
    case 'time':
      return timeText(value as bigint);
    case 'timestamp':
    case 'timestamptz':
      return timestampText(value as bigint, name);
    case 'interval':
      return intervalText(value as Interval);
    case 'bytea':
      return `\\x${Buffer.from(value as Uint8Array).toString('hex')}`;
    case 'jsonb':
      return jsonText((value as Jsonb).json);
    default:
      return String(value as string | number | bigint);
  }
}
