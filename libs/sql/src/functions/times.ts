import { DatetimeOutOfRange, InvalidParameter, OutOfRange, sqlError } from '../errors.ts';
import {
  checkDate,
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
  TIMESTAMP_INFINITY,
  TIMESTAMP_MINUS_INFINITY,
} from '../values/datetime.ts';
import { int } from '../values/floats.ts';
import {
  addIntervals,
  addToTimestamp,
  type Interval,
  multiplyInterval,
  negateInterval,
  timestampDifference,
} from '../values/interval.ts';
import { type Numeric, numericOf, rescale } from '../values/numeric.ts';
import { each, fn, type Signature } from './signature.ts';

/** Days to a timestamp at midnight. */
export function dateToTimestamp(days: number): bigint {
  if (!Number.isFinite(days)) return days > 0 ? TIMESTAMP_INFINITY : TIMESTAMP_MINUS_INFINITY;
  return checkTimestamp(BigInt(days) * MICROS_PER_DAY);
}

export const timestampToDate = (micros: bigint): number =>
  micros === TIMESTAMP_INFINITY
    ? Number.POSITIVE_INFINITY
    : micros === TIMESTAMP_MINUS_INFINITY
      ? Number.NEGATIVE_INFINITY
      : splitDay(micros).days;

const badUnit = (unit: string, type: string) =>
  sqlError(InvalidParameter, `unit "${unit}" not recognized for type ${type}`);

/** Start of the year, quarter, … that a day belongs to. */
function truncateDays(days: number, unit: string): number | undefined {
  const { year, month, day } = civilOf(days);
  switch (unit) {
    case 'day':
      return days;
    case 'week':
      return days - ((((days + 3) % 7) + 7) % 7);
    case 'month':
      return days - day + 1;
    case 'quarter':
      return daysOf(year, month - ((month - 1) % 3), 1);
    case 'year':
      return daysOf(year, 1, 1);
    case 'decade':
      return daysOf(Math.floor(year / 10) * 10, 1, 1);
    case 'century':
      return daysOf(Math.floor((year - 1) / 100) * 100 + 1, 1, 1);
    default:
      return undefined;
  }
}

const CLOCK_UNITS: Readonly<Record<string, bigint>> = {
  microseconds: 1n,
  milliseconds: 1_000n,
  second: MICROS_PER_SECOND,
  minute: MICROS_PER_MINUTE,
  hour: MICROS_PER_HOUR,
};

const plain = (unit: string): string =>
  unit.toLowerCase().replace(/^(second|minute|hour|day|week|month|quarter|year|decade)s$/, '$1');

function dateTrunc(unitText: string, micros: bigint, type: string): bigint {
  const unit = plain(unitText);
  const clock = CLOCK_UNITS[unit];
  const { days, time } = splitDay(isFiniteTimestamp(micros) ? micros : 0n);
  const start = truncateDays(days, unit);
  if (clock === undefined && start === undefined) throw badUnit(unitText, type);
  if (!isFiniteTimestamp(micros)) return micros;
  if (clock !== undefined) return micros - (time % clock);
  return checkTimestamp(BigInt(start!) * MICROS_PER_DAY);
}

const seconds = (micros: bigint): Numeric => ({ digits: micros, scale: 6 });

/** ISO 8601: week 1 holds the year's first Thursday. */
function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const thursday = days - ((((days + 3) % 7) + 7) % 7) + 3;
  const { year } = civilOf(thursday);
  return { year, week: Math.floor((thursday - daysOf(year, 1, 1)) / 7) + 1 };
}

const shown = (year: number): number => (year > 0 ? year : year - 1);

function dayField(days: number, field: string): Numeric | undefined {
  const { year, month, day } = civilOf(days);
  const number = (value: number): Numeric => numericOf(value);
  switch (field) {
    case 'year':
      return number(shown(year));
    case 'month':
      return number(month);
    case 'day':
      return number(day);
    case 'quarter':
      return number(Math.floor((month - 1) / 3) + 1);
    case 'week':
      return number(isoWeek(days).week);
    case 'isoyear':
      return number(shown(isoWeek(days).year));
    case 'dow':
      return number((((days + 4) % 7) + 7) % 7);
    case 'isodow':
      return number(((((days + 3) % 7) + 7) % 7) + 1);
    case 'doy':
      return number(days - daysOf(year, 1, 1) + 1);
    case 'decade':
      return number(Math.floor(year / 10));
    case 'century':
      return number(year > 0 ? Math.ceil(year / 100) : -Math.ceil((1 - year) / 100));
    default:
      return undefined;
  }
}

function clockField(time: bigint, field: string): Numeric | undefined {
  switch (field) {
    case 'hour':
      return numericOf(time / MICROS_PER_HOUR);
    case 'minute':
      return numericOf((time / MICROS_PER_MINUTE) % 60n);
    case 'second':
      return seconds(time % MICROS_PER_MINUTE);
    case 'milliseconds':
      return { digits: time % MICROS_PER_MINUTE, scale: 3 };
    case 'microseconds':
      return numericOf(time % MICROS_PER_MINUTE);
    default:
      return undefined;
  }
}

/** `extract` of a timestamp; infinite ones have no parts. */
function extractTimestamp(fieldText: string, micros: bigint, type: string): Numeric | null {
  const field = plain(fieldText);
  const hasParts = isFiniteTimestamp(micros);
  const { days, time } = splitDay(hasParts ? micros : 0n);
  const value = field === 'epoch' ? seconds(micros) : (dayField(days, field) ?? clockField(time, field));
  if (value === undefined) throw badUnit(fieldText, type);
  return hasParts ? value : null;
}

function extractDate(fieldText: string, days: number): Numeric | null {
  const field = plain(fieldText);
  const value =
    field === 'epoch'
      ? numericOf(BigInt(Number.isFinite(days) ? days : 0) * 86_400n)
      : dayField(Number.isFinite(days) ? days : 0, field);
  if (value === undefined) throw badUnit(fieldText, 'date');
  return Number.isFinite(days) ? value : null;
}

function extractInterval(fieldText: string, { months, days, micros }: Interval): Numeric {
  const field = plain(fieldText);
  switch (field) {
    case 'year':
      return numericOf(Math.trunc(months / 12));
    case 'month':
      return numericOf(months % 12);
    case 'day':
      return numericOf(days);
    case 'hour':
      return numericOf(micros / MICROS_PER_HOUR);
    case 'minute':
      return numericOf((micros / MICROS_PER_MINUTE) % 60n);
    case 'second':
      return seconds(micros % MICROS_PER_MINUTE);
    case 'epoch': {
      // A year counts 365.25 days, a month 30.
      const quarterDays = BigInt(Math.trunc(months / 12)) * 1_461n + BigInt((months % 12) * 30 + days) * 4n;
      return seconds((quarterDays * MICROS_PER_DAY) / 4n + micros);
    }
    default:
      throw badUnit(fieldText, 'interval');
  }
}

const asFloat = (value: Numeric | null): number | null =>
  value === null ? null : Number(value.digits) / 10 ** value.scale;

/** Start of the bin of this size, counted from the origin, that a timestamp falls into. */
function dateBin({ months, days, micros }: Interval, timestamp: bigint, origin: bigint): bigint {
  if (months !== 0)
    throw sqlError(InvalidParameter, 'timestamps cannot be binned into intervals containing months or years');
  const stride = BigInt(days) * MICROS_PER_DAY + micros;
  if (stride <= 0n) throw sqlError(InvalidParameter, 'stride must be greater than zero');
  if (!isFiniteTimestamp(timestamp)) return timestamp;
  const rest = (((timestamp - origin) % stride) + stride) % stride;
  return checkTimestamp(timestamp - rest);
}

function makeDate(year: number, month: number, day: number): number {
  const actual = year < 0 ? year + 1 : year;
  const isValid = year !== 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(actual, month);
  if (!isValid) {
    const written = [year, String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-');
    throw sqlError(DatetimeOutOfRange, `date field value out of range: ${written}`);
  }
  return checkDate(daysOf(actual, month, day));
}

function toTimestamp(secondsSince: number): bigint {
  if (Number.isNaN(secondsSince)) throw sqlError(DatetimeOutOfRange, 'timestamp cannot be NaN');
  if (!Number.isFinite(secondsSince)) return secondsSince > 0 ? TIMESTAMP_INFINITY : TIMESTAMP_MINUS_INFINITY;
  return checkTimestamp(BigInt(Math.round(secondsSince * 1e6)));
}

function dateDifference(a: number, b: number): number {
  if (!Number.isFinite(a) || !Number.isFinite(b)) throw sqlError(DatetimeOutOfRange, 'cannot subtract infinite dates');
  return int(a - b, 'int4');
}

function difference(a: bigint, b: bigint): Interval {
  if (!isFiniteTimestamp(a) || !isFiniteTimestamp(b))
    throw sqlError(OutOfRange, 'infinite timestamps have no difference here');
  return timestampDifference(a, b);
}

const TIMESTAMPS = 'timestamp timestamptz';
const titleOf = (type: string): string =>
  type === 'timestamptz' ? 'timestamp with time zone' : 'timestamp without time zone';

export const timeFunctions: readonly Signature[] = [
  ...each('+', TIMESTAMPS, 'T interval', 'T', () => addToTimestamp),
  ...each('+', TIMESTAMPS, 'interval T', 'T', () => (interval: Interval, at: bigint) => addToTimestamp(at, interval)),
  ...each(
    '-',
    TIMESTAMPS,
    'T interval',
    'T',
    () => (at: bigint, by: Interval) => addToTimestamp(at, negateInterval(by)),
  ),
  ...each('-', TIMESTAMPS, 'T T', 'interval', () => difference),
  fn('+', 'date int4', 'date', (date: number, days: number) => (Number.isFinite(date) ? checkDate(date + days) : date)),
  fn('+', 'int4 date', 'date', (days: number, date: number) => (Number.isFinite(date) ? checkDate(date + days) : date)),
  fn('-', 'date int4', 'date', (date: number, days: number) => (Number.isFinite(date) ? checkDate(date - days) : date)),
  fn('-', 'date date', 'int4', dateDifference),
  fn('+', 'date interval', 'timestamp', (date: number, by: Interval) => addToTimestamp(dateToTimestamp(date), by)),
  fn('-', 'date interval', 'timestamp', (date: number, by: Interval) =>
    addToTimestamp(dateToTimestamp(date), negateInterval(by)),
  ),
  fn('+', 'interval interval', 'interval', addIntervals),
  fn('-', 'interval interval', 'interval', (a: Interval, b: Interval) => addIntervals(a, negateInterval(b))),
  fn('-', 'interval', 'interval', negateInterval),
  fn('*', 'interval float8', 'interval', multiplyInterval),
  fn('*', 'float8 interval', 'interval', (factor: number, interval: Interval) => multiplyInterval(interval, factor)),
  ...each(
    'date_trunc',
    TIMESTAMPS,
    'text T',
    'T',
    (t) => (unit: string, at: bigint) => dateTrunc(unit, at, titleOf(t)),
  ),
  ...each(
    'extract',
    TIMESTAMPS,
    'text T',
    'numeric',
    (t) => (field: string, at: bigint) => extractTimestamp(field, at, titleOf(t)),
  ),
  fn('extract', 'text date', 'numeric', extractDate),
  fn('extract', 'text interval', 'numeric', extractInterval),
  ...each(
    'date_part',
    TIMESTAMPS,
    'text T',
    'float8',
    (t) => (field: string, at: bigint) => asFloat(extractTimestamp(field, at, titleOf(t))),
  ),
  fn('date_part', 'text date', 'float8', (field: string, days: number) =>
    asFloat(extractTimestamp(field, dateToTimestamp(days), titleOf('timestamp'))),
  ),
  fn('date_part', 'text interval', 'float8', (field: string, interval: Interval) =>
    asFloat(extractInterval(field, interval)),
  ),
  ...each('date_bin', TIMESTAMPS, 'interval T T', 'T', () => dateBin),
  fn('make_date', 'int4 int4 int4', 'date', makeDate),
  fn('to_timestamp', 'float8', 'timestamptz', toTimestamp),
  fn('timezone', 'text timestamptz', 'timestamp', (zone: string, at: bigint) => inUtc(zone, at)),
  fn('timezone', 'text timestamp', 'timestamptz', (zone: string, at: bigint) => inUtc(zone, at)),
];

function inUtc(zone: string, at: bigint): bigint {
  if (/^(utc|gmt|z)$/i.test(zone)) return at;
  throw sqlError(InvalidParameter, `time zone "${zone}" is not supported here`, "Use AT TIME ZONE 'UTC'.");
}

/** Rounded to so many decimals of a second: `timestamp(3)`. */
export function toPrecision(micros: bigint, digits: number): bigint {
  return isFiniteTimestamp(micros) ? rescale(rescale({ digits: micros, scale: 6 }, digits), 6).digits : micros;
}
