import type { Column } from '../change/table-schema.ts';

/** A value that its column cannot hold; the message says what is wrong without showing the value. */
export class NotAValue extends Error {}

const INTEGER = /^[+-]?\d+$/;
const NUMERIC = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$|^(?:NaN|[+-]?Infinity)$/i;
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const INFINITE = /^-?infinity$/;

function matching(text: string, pattern: RegExp, what: string): string {
  if (!pattern.test(text)) throw new NotAValue(`is not ${what}`);
  return text;
}

function timestamp(text: string, wantsZone: boolean): string {
  if (INFINITE.test(text)) return text;
  const match = TIMESTAMP.exec(text);
  if (match === null) throw new NotAValue('is not an ISO 8601 timestamp');
  const [, day, time, zone] = match;
  if ((zone !== undefined) !== wantsZone) throw new NotAValue(`${wantsZone ? 'lacks' : 'has'} a time zone`);
  const seconds = time!.length === 5 ? `${time}:00` : time;
  return `${day} ${seconds}${zone === undefined ? '' : zone.toUpperCase() === 'Z' ? '+00' : zone}`;
}

/**
 * A value in PostgreSQL's text format, as tuples hold it.
 * @param value text of a CSV field, or a value of JSON (numbers that JavaScript would round come as text).
 * @param isText it is the text of a CSV field: JSON columns hold the document itself.
 * @throws NotAValue
 */
export function columnText({ kind }: Column, value: unknown, isText: boolean): string | null {
  if (value === null || value === undefined) return null;
  if (kind === 'json') return isText ? jsonDocument(value as string) : JSON.stringify(value);
  if (kind === 'boolean') return truth(value);
  if (typeof value === 'object' && kind !== 'text') throw new NotAValue('is an object or array');
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
  switch (kind) {
    case 'integer':
    case 'bigint':
      return matching(text, INTEGER, 'an integer');
    case 'exact':
    case 'float':
      return matching(text, NUMERIC, 'a number');
    case 'timestamptz':
      return timestamp(text, true);
    case 'timestamp':
      return timestamp(text, false);
    case 'date':
      return matching(text, /^\d{4}-\d\d-\d\d$|^-?infinity$/, 'a date (YYYY-MM-DD)');
    case 'time':
      return matching(text, /^\d\d:\d\d(:\d\d(\.\d+)?)?$/, 'a time of day (HH:MM:SS)');
    case 'uuid':
      return matching(text, UUID, 'a UUID').toLowerCase();
    case 'bytea':
      return `\\x${Buffer.from(matching(text, BASE64, 'base64'), 'base64').toString('hex')}`;
    default:
      return text;
  }
}

function truth(value: unknown): string {
  if (value === true || value === 'true' || value === 't') return 't';
  if (value === false || value === 'false' || value === 'f') return 'f';
  throw new NotAValue('is neither true nor false');
}

function jsonDocument(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    throw new NotAValue('is not JSON');
  }
}
