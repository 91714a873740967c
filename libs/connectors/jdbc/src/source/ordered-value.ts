import type { Column, ColumnKind } from '@millrace/formats';
import { parseDurationMs } from '@millrace/kernel';
import { utcTimestamp } from '../target/times.ts';

const MICROS_A_MILLI = 1_000n;
const MICROS_A_SECOND = 1_000_000n;
const MICROS_A_DAY = 86_400n * MICROS_A_SECOND;

/** Kinds whose values can be counted: a range of them can be cut, and one can be stepped back from. */
const COUNTED: readonly ColumnKind[] = ['integer', 'bigint', 'timestamp', 'timestamptz', 'date'];

export const isCounted = ({ kind }: Pick<Column, 'kind'>): boolean => COUNTED.includes(kind);

export const isTime = ({ kind }: Pick<Column, 'kind'>): boolean =>
  kind === 'timestamp' || kind === 'timestamptz' || kind === 'date';

/** The number, or microseconds since 1970. `undefined`: not a value that can be counted (infinity, a year BC). */
export function numberOf({ kind }: Pick<Column, 'kind'>, text: string): bigint | undefined {
  if (kind === 'integer' || kind === 'bigint') return BigInt(text);
  const utc = utcTimestamp(kind === 'date' ? `${text} 00:00:00` : text);
  if (utc === undefined) return undefined;
  const [seconds, fraction = ''] = utc.split('.') as [string, string?];
  const timeMs = Date.parse(`${seconds.replace(' ', 'T')}Z`);
  return BigInt(timeMs) * MICROS_A_MILLI + BigInt(fraction.padEnd(6, '0'));
}

/** The reverse; dates are rounded down. */
export function textOf({ kind }: Pick<Column, 'kind'>, value: bigint): string {
  if (kind === 'integer' || kind === 'bigint') return String(value);
  const rest = ((value % MICROS_A_SECOND) + MICROS_A_SECOND) % MICROS_A_SECOND;
  const iso = new Date(Number((value - rest) / MICROS_A_MILLI)).toISOString();
  const day = iso.slice(0, 10);
  if (kind === 'date') return day;
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(6, '0').replace(/0+$/, '')}`;
  return `${day} ${iso.slice(11, 19)}${fraction}${kind === 'timestamptz' ? '+00' : ''}`;
}

/** `undefined`: a number for a time, or the reverse. */
export function distanceOf(column: Pick<Column, 'kind'>, overlap: number | string): bigint | undefined {
  if (overlap === 0) return 0n;
  if (!isTime(column)) return typeof overlap === 'number' ? BigInt(overlap) : undefined;
  const durationMs = typeof overlap === 'string' ? parseDurationMs(overlap) : undefined;
  if (durationMs === undefined) return undefined;
  const micros = BigInt(Math.round(durationMs)) * MICROS_A_MILLI;
  // A part of a day is no distance between dates.
  return column.kind === 'date' ? ((micros + MICROS_A_DAY - 1n) / MICROS_A_DAY) * MICROS_A_DAY : micros;
}
