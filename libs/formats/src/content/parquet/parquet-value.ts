/** A value that its Parquet type cannot hold; the message says why without showing the value. */
export class NotRepresentable extends Error {}

const MS_PER_DAY = 86_400_000;
const US_PER_SECOND = 1_000_000n;
const DATE = /^(\d{4,})-(\d\d)-(\d\d)( BC)?$/;
const CLOCK = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;
const TIMESTAMP = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?( BC)?$/;

/** Days since 1970 of PostgreSQL's text of a date. */
export function daysOf(text: string): number {
  const match = DATE.exec(text);
  if (match === null) throw new NotRepresentable(text.endsWith('infinity') ? 'is infinite' : 'is not a date');
  const [, year, month, day, era] = match;
  // ISO 8601 has a year 0, which is 1 BC.
  const isoYear = era === undefined ? Number(year) : 1 - Number(year);
  const sign = isoYear < 0 ? '-' : '+';
  const ms = Date.parse(`${sign}${String(Math.abs(isoYear)).padStart(6, '0')}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(ms)) throw new NotRepresentable('is too far away');
  return ms / MS_PER_DAY;
}

/** Microseconds since midnight of PostgreSQL's text of a time of day. */
export function clockUsOf(text: string): bigint {
  const match = CLOCK.exec(text);
  if (match === null) throw new NotRepresentable('is not a time of day');
  const [, hours, minutes, seconds, fraction = ''] = match;
  const whole = BigInt(Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds));
  return whole * US_PER_SECOND + BigInt(fraction.padEnd(6, '0'));
}

/** Microseconds since 1970 (UTC, or of the local clock without a zone) of PostgreSQL's text of a timestamp. */
export function timestampUsOf(text: string): bigint {
  const match = TIMESTAMP.exec(text);
  if (match === null) throw new NotRepresentable(text.endsWith('infinity') ? 'is infinite' : 'is not a timestamp');
  const [, date, clock, sign, hours, minutes = '0', seconds = '0', era = ''] = match;
  const local = BigInt(daysOf(`${date}${era}`)) * BigInt(MS_PER_DAY) * 1_000n + clockUsOf(clock!);
  if (sign === undefined) return local;
  const offset = BigInt(Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * US_PER_SECOND;
  return sign === '+' ? local - offset : local + offset;
}

/** A decimal times ten to the power of `scale`. */
export function unscaledOf(text: string, precision: number, scale: number): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new NotRepresentable('is not a finite number');
  const [, sign, whole, fraction = ''] = match;
  const digits = `${whole}${fraction.padEnd(scale, '0')}`.replace(/^0+(?=\d)/, '');
  if (fraction.length > scale || digits.length > precision) throw new NotRepresentable('has more digits than its type');
  return BigInt(`${sign}${digits}`);
}
