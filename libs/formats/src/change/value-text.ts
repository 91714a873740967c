import { errorCode, MillraceError } from '@millrace/kernel';
import type { Column } from './table-schema.ts';

export const ValueUnsupported = errorCode('formats.value_unsupported', {
  domain: 'user',
  retry: 'never',
  title: 'A value that its column cannot hold',
  ofRecord: true,
});

/** 0001-01-01 and 10000-01-01: years outside are written differently. */
const TIME_MS_MIN = -62_135_596_800_000;
const TIME_MS_MAX = 253_402_300_800_000;

/**
 * A JavaScript value in PostgreSQL's text format, as a raw tuple holds it. Times are given as `Date`, as milliseconds since 1970 or as
 * PostgreSQL's text; bytea as `Uint8Array`; json as whatever `JSON.stringify` takes (a string is JSON text already).
 * @throws MillraceError `formats.value_unsupported`
 */
export function valueText(column: Pick<Column, 'name' | 'kind' | 'sqlType'>, value: unknown): string {
  const { kind } = column;
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
      if (kind === 'boolean' || kind === 'json') return kind === 'json' ? String(value) : value ? 't' : 'f';
      break;
    case 'bigint':
      if (kind !== 'boolean' && !isTime(kind)) return String(value);
      break;
    case 'number':
      if (isTime(kind)) return timeText(column, value);
      if (kind === 'integer' || kind === 'bigint' ? Number.isSafeInteger(value) : kind !== 'boolean') {
        return String(value);
      }
      break;
    case 'object':
      if (value instanceof Date && isTime(kind)) return timeText(column, value.getTime());
      if (value instanceof Uint8Array && kind === 'bytea') return `\\x${Buffer.from(value).toString('hex')}`;
      if (kind === 'json') return jsonText(column, value);
      break;
    default:
  }
  throw unsupported(column, value);
}

const isTime = (kind: Column['kind']): boolean => kind === 'timestamptz' || kind === 'timestamp' || kind === 'date';

function timeText(column: Pick<Column, 'name' | 'kind' | 'sqlType'>, timeMs: number): string {
  if (!(timeMs >= TIME_MS_MIN && timeMs < TIME_MS_MAX)) throw unsupported(column, timeMs);
  const [day, rest] = new Date(timeMs).toISOString().split('T') as [string, string];
  if (column.kind === 'date') return day;
  return `${day} ${rest.slice(0, -1)}${column.kind === 'timestamptz' ? '+00' : ''}`;
}

function jsonText(column: Pick<Column, 'name' | 'kind' | 'sqlType'>, value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    throw unsupported(column, value);
  }
}

const unsupported = ({ name, sqlType }: Pick<Column, 'name' | 'sqlType'>, value: unknown): MillraceError =>
  new MillraceError(ValueUnsupported, {
    // The value itself may be a secret.
    message: `column ${JSON.stringify(name)} of type ${sqlType} got ${value instanceof Date ? 'a Date' : `a value of type ${typeof value}`} that it cannot hold`,
    mend: 'Convert it in a map stage first, for example to text in the format of PostgreSQL.',
    details: { column: name, sqlType },
  });
