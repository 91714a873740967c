import { DatetimeOutOfRange, InvalidDatetime, sqlError } from '../errors.ts';

export const MICROS_PER_SECOND = 1_000_000n;
export const MICROS_PER_MINUTE = 60n * MICROS_PER_SECOND;
export const MICROS_PER_HOUR = 60n * MICROS_PER_MINUTE;
export const MICROS_PER_DAY = 24n * MICROS_PER_HOUR;

/** `infinity` and `-infinity` as microseconds; of dates they are JavaScript's. */
export const TIMESTAMP_INFINITY = 2n ** 63n - 1n;
export const TIMESTAMP_MINUS_INFINITY = -(2n ** 63n);

/** 4713-11-24 BC and 294277-01-01, the range of timestamps; dates go further. Days since 1970. */
const DAY_MIN = -2_440_588;
const TIMESTAMP_DAY_END = 106_741_035;
const DATE_DAY_END = 2_145_042_906;

/** Days since 1970 of a date of the proleptic Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
export function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export interface Civil {
  /** 0 is 1 BC. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** The inverse of `daysOf`. */
export function civilOf(days: number): Civil {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const m = Math.floor((5 * dayOfYear + 2) / 153);
  const month = m + (m < 10 ? 3 : -9);
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * m + 2) / 5) + 1,
  };
}

export const daysInMonth = (year: number, month: number): number =>
  month === 12 ? 31 : daysOf(year, month + 1, 1) - daysOf(year, month, 1);

/** Floored quotient and rest, so that times before 1970 fall into their day. */
export function splitDay(micros: bigint): { readonly days: number; readonly time: bigint } {
  const time = ((micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY;
  return { days: Number((micros - time) / MICROS_PER_DAY), time };
}

/** @throws MillraceError `sql.datetime_out_of_range` */
export function checkTimestamp(micros: bigint): bigint {
  const { days } = splitDay(micros);
  if (days < DAY_MIN || days >= TIMESTAMP_DAY_END) throw sqlError(DatetimeOutOfRange, 'timestamp out of range');
  return micros;
}

/** @throws MillraceError `sql.datetime_out_of_range` */
export function checkDate(days: number): number {
  if (days < DAY_MIN || days > DATE_DAY_END) throw sqlError(DatetimeOutOfRange, 'date out of range');
  return days;
}

const DATE = /^(\d{4,7})-(\d{1,2})-(\d{1,2})/;
const TIME = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?/;
const ZONE = /^\s*(?:([+-])(\d{1,2})(?::?(\d{2})(?::?(\d{2}))?)?|z|utc|gmt)/i;

interface Parts {
  readonly days: number;
  readonly time: bigint;
  readonly offset: bigint;
}

type DatetimeName = 'date' | 'timestamp' | 'timestamptz' | 'time';
const TITLES: Readonly<Record<DatetimeName, string>> = {
  date: 'date',
  timestamp: 'timestamp',
  timestamptz: 'timestamp with time zone',
  time: 'time',
};

function readParts(given: string, name: DatetimeName): Parts {
  const invalid = () => sqlError(InvalidDatetime, `invalid input syntax for type ${TITLES[name]}: "${given}"`);
  const outOfRange = () => sqlError(DatetimeOutOfRange, `date/time field value out of range: "${given}"`);
  let rest = given.trim();
  const isBefore = / bc$/i.test(rest);
  if (isBefore) rest = rest.slice(0, -3);
  const date = DATE.exec(rest);
  if (date === null) throw invalid();
  const [whole, yearText, month, day] = [date[0], Number(date[1]), Number(date[2]), Number(date[3])];
  if (yearText === 0) throw outOfRange();
  const year = isBefore ? 1 - yearText : yearText;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) throw outOfRange();
  rest = rest.slice(whole.length).replace(/^[ t]\s*/i, '');
  const { time, rest: behind } = readTime(rest, invalid, outOfRange);
  const zone = ZONE.exec(behind);
  if (behind.slice(zone?.[0].length ?? 0).trim() !== '') throw invalid();
  return { days: daysOf(year, month, day), time, offset: offsetOf(zone) };
}

function readTime(
  text: string,
  invalid: () => Error,
  outOfRange: () => Error,
): { readonly time: bigint; readonly rest: string } {
  if (text === '') return { time: 0n, rest: '' };
  const match = TIME.exec(text);
  if (match === null) {
    if (ZONE.test(text)) return { time: 0n, rest: text };
    throw invalid();
  }
  const [whole, hours, minutes, seconds = '0', fraction = ''] = match;
  // Seven and more digits are rounded to microseconds.
  const micros = BigInt(Math.round(Number(`0.${fraction || '0'}`) * 1e6));
  const time =
    BigInt(hours!) * MICROS_PER_HOUR +
    BigInt(minutes!) * MICROS_PER_MINUTE +
    BigInt(seconds) * MICROS_PER_SECOND +
    micros;
  if (Number(minutes) > 59 || Number(seconds) > 60 || time > MICROS_PER_DAY) throw outOfRange();
  return { time, rest: text.slice(whole.length) };
}

function offsetOf(zone: RegExpExecArray | null): bigint {
  if (zone?.[2] === undefined) return 0n;
  const [, sign, hours, minutes = '0', seconds = '0'] = zone;
  const offset =
    BigInt(hours!) * MICROS_PER_HOUR + BigInt(minutes) * MICROS_PER_MINUTE + BigInt(seconds) * MICROS_PER_SECOND;
  return sign === '-' ? -offset : offset;
}

export function parseTimestamp(text: string, name: 'timestamp' | 'timestamptz'): bigint {
  const word = text.trim().toLowerCase();
  if (word === 'infinity' || word === '+infinity') return TIMESTAMP_INFINITY;
  if (word === '-infinity') return TIMESTAMP_MINUS_INFINITY;
  if (word === 'epoch') return 0n;
  const { days, time, offset } = readParts(text, name);
  const micros = BigInt(days) * MICROS_PER_DAY + time - (name === 'timestamptz' ? offset : 0n);
  return checkTimestamp(micros);
}

export function parseDate(text: string): number {
  const word = text.trim().toLowerCase();
  if (word === 'infinity' || word === '+infinity') return Number.POSITIVE_INFINITY;
  if (word === '-infinity') return Number.NEGATIVE_INFINITY;
  if (word === 'epoch') return 0;
  return checkDate(readParts(text, 'date').days);
}

export function parseTime(text: string): bigint {
  const invalid = () => sqlError(InvalidDatetime, `invalid input syntax for type time: "${text}"`);
  const outOfRange = () => sqlError(DatetimeOutOfRange, `date/time field value out of range: "${text}"`);
  if (text.trim() === '') throw invalid();
  const { time, rest } = readTime(text.trim(), invalid, outOfRange);
  if (rest.trim() !== '') throw invalid();
  return time;
}

const two = (value: number | bigint): string => String(value).padStart(2, '0');

export function timeText(time: bigint): string {
  const fraction = String(time % MICROS_PER_SECOND)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const clock = [time / MICROS_PER_HOUR, (time / MICROS_PER_MINUTE) % 60n, (time / MICROS_PER_SECOND) % 60n];
  return clock.map(two).join(':') + (fraction === '' ? '' : `.${fraction}`);
}

const dayText = ({ year, month, day }: Civil): string =>
  `${String(year > 0 ? year : 1 - year).padStart(4, '0')}-${two(month)}-${two(day)}`;

export function dateText(days: number): string {
  if (!Number.isFinite(days)) return days > 0 ? 'infinity' : '-infinity';
  const civil = civilOf(days);
  return dayText(civil) + (civil.year > 0 ? '' : ' BC');
}

/** In UTC; `timestamptz` with its `+00`. */
export function timestampText(micros: bigint, name: 'timestamp' | 'timestamptz'): string {
  if (micros === TIMESTAMP_INFINITY) return 'infinity';
  if (micros === TIMESTAMP_MINUS_INFINITY) return '-infinity';
  const { days, time } = splitDay(micros);
  const civil = civilOf(days);
  return `${dayText(civil)} ${timeText(time)}${name === 'timestamptz' ? '+00' : ''}${civil.year > 0 ? '' : ' BC'}`;
}

export const isFiniteTimestamp = (micros: bigint): boolean =>
  micros !== TIMESTAMP_INFINITY && micros !== TIMESTAMP_MINUS_INFINITY;
