import { InvalidDatetime, sqlError } from '../errors.ts';
import {
  checkTimestamp,
  civilOf,
  daysInMonth,
  daysOf,
  isFiniteTimestamp,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  splitDay,
  timeText,
} from './datetime.ts';

/** PostgreSQL's interval: months, days and time are kept apart, because their lengths differ. Plain data. */
export interface Interval {
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
}

const UNITS: Readonly<Record<string, Interval>> = {
  microsecond: { months: 0, days: 0, micros: 1n },
  millisecond: { months: 0, days: 0, micros: 1_000n },
  second: { months: 0, days: 0, micros: MICROS_PER_SECOND },
  sec: { months: 0, days: 0, micros: MICROS_PER_SECOND },
  s: { months: 0, days: 0, micros: MICROS_PER_SECOND },
  minute: { months: 0, days: 0, micros: MICROS_PER_MINUTE },
  min: { months: 0, days: 0, micros: MICROS_PER_MINUTE },
  m: { months: 0, days: 0, micros: MICROS_PER_MINUTE },
  hour: { months: 0, days: 0, micros: MICROS_PER_HOUR },
  h: { months: 0, days: 0, micros: MICROS_PER_HOUR },
  day: { months: 0, days: 1, micros: 0n },
  d: { months: 0, days: 1, micros: 0n },
  week: { months: 0, days: 7, micros: 0n },
  w: { months: 0, days: 7, micros: 0n },
  month: { months: 1, days: 0, micros: 0n },
  mon: { months: 1, days: 0, micros: 0n },
  year: { months: 12, days: 0, micros: 0n },
  y: { months: 12, days: 0, micros: 0n },
};

const PART = /^\s*([+-]?)(?:(\d+):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?|(\d+)(?:\.(\d{1,6}))?\s*([a-z]*))/i;

/** Reads `1 day 02:03:04.5`, `1 year 2 mons`, `90 minutes`, `-3 days`. @throws MillraceError `sql.invalid_datetime` */
export function parseInterval(text: string): Interval {
  const invalid = () => sqlError(InvalidDatetime, `invalid input syntax for type interval: "${text}"`);
  let result: Interval = { months: 0, days: 0, micros: 0n };
  let rest = text.trim();
  if (rest === '') throw invalid();
  while (rest.trim() !== '') {
    const match = PART.exec(rest);
    if (match === null) throw invalid();
    const [whole, sign, hours, minutes, seconds = '0', fraction = '', amount, decimals, unitText] = match;
    const factor = sign === '-' ? -1 : 1;
    if (hours !== undefined) {
      const micros =
        BigInt(hours) * MICROS_PER_HOUR +
        BigInt(minutes!) * MICROS_PER_MINUTE +
        BigInt(seconds) * MICROS_PER_SECOND +
        BigInt(fraction.padEnd(6, '0'));
      result = addIntervals(result, { months: 0, days: 0, micros: BigInt(factor) * micros });
    } else {
      // A number alone at the end counts seconds.
      const word = unitText === '' && whole.length === rest.length ? 'second' : unitText!.toLowerCase();
      const unit = UNITS[word] ?? UNITS[word.replace(/s$/, '')];
      if (unit === undefined) throw invalid();
      result = addIntervals(result, scaleInterval(unit, factor * Number(amount)));
      if (decimals !== undefined)
        result = addIntervals(result, multiplyInterval(unit, factor * Number(`0.${decimals}`)));
    }
    rest = rest.slice(whole.length);
  }
  return result;
}

const scaleInterval = ({ months, days, micros }: Interval, factor: number): Interval => ({
  months: months * factor,
  days: days * factor,
  micros: micros * BigInt(factor),
});

export const addIntervals = (left: Interval, right: Interval): Interval => ({
  months: left.months + right.months,
  days: left.days + right.days,
  micros: left.micros + right.micros,
});

export const negateInterval = (value: Interval): Interval => scaleInterval(value, -1);

/** Fractions of months go to days (30 each), those of days to time (timestamp.c, interval_mul). */
export function multiplyInterval({ months, days, micros }: Interval, factor: number): Interval {
  const wholeMonths = Math.trunc(months * factor);
  const monthDays = (months * factor - wholeMonths) * 30;
  const exactDays = Math.round((days * factor + Math.trunc(monthDays)) * 1e9) / 1e9;
  const wholeDays = Math.trunc(exactDays);
  const restDays = Math.round((exactDays - wholeDays + (monthDays - Math.trunc(monthDays))) * 1e10) / 1e10;
  const time = Number(micros) * factor + restDays * Number(MICROS_PER_DAY);
  return { months: wholeMonths, days: wholeDays, micros: BigInt(Math.round(time)) };
}

/** Months count 30 days and days 24 hours. */
const lengthOf = ({ months, days, micros }: Interval): bigint => BigInt(months * 30 + days) * MICROS_PER_DAY + micros;

export function compareIntervals(left: Interval, right: Interval): number {
  const [a, b] = [lengthOf(left), lengthOf(right)];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** As PostgreSQL prints it (IntervalStyle postgres). */
export function intervalText({ months, days, micros }: Interval): string {
  const parts: string[] = [];
  let wasNegative = false;
  const add = (value: number, unit: string): void => {
    if (value === 0) return;
    const plural = value === 1 ? '' : 's';
    parts.push(`${wasNegative && value > 0 ? '+' : ''}${value} ${unit}${plural}`);
    wasNegative = value < 0;
  };
  add(Math.trunc(months / 12), 'year');
  add(months % 12, 'mon');
  add(days, 'day');
  if (micros !== 0n || parts.length === 0) {
    const sign = micros < 0n ? '-' : wasNegative ? '+' : '';
    parts.push(sign + timeText(micros < 0n ? -micros : micros));
  }
  return parts.join(' ');
}

/** Months first (held to the end of a shorter month), then days, then time; all in UTC. */
export function addToTimestamp(timestamp: bigint, { months, days, micros }: Interval): bigint {
  if (!isFiniteTimestamp(timestamp)) return timestamp;
  const { days: start, time } = splitDay(timestamp);
  let day = start;
  if (months !== 0) {
    const civil = civilOf(start);
    const month = civil.year * 12 + civil.month - 1 + months;
    const [year, number] = [Math.floor(month / 12), (((month % 12) + 12) % 12) + 1];
    day = daysOf(year, number, Math.min(civil.day, daysInMonth(year, number)));
  }
  return checkTimestamp(BigInt(day + days) * MICROS_PER_DAY + time + micros);
}

/** Time between two timestamps, in days and time. */
export function timestampDifference(left: bigint, right: bigint): Interval {
  const difference = left - right;
  const days = difference / MICROS_PER_DAY;
  return { months: 0, days: Number(days), micros: difference - days * MICROS_PER_DAY };
}
