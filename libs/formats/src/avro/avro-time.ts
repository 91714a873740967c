/**
 * Times between PostgreSQL's ISO text and Avro's counts, exact to the microsecond. `infinity` and `-infinity`, which dates and timestamps may be, are the
 * largest and the smallest count, as PostgreSQL stores them itself.
 */
const TIMESTAMP = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-]\d\d(?::\d\d){0,2})?( BC)?$/;
const DATE = /^(\d{4,7})-(\d\d)-(\d\d)( BC)?$/;
const TIME = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?$/;

const DAY_S = 86_400;
const US_PER_S = 1_000_000;
export const MICROS_MAX = 2n ** 63n - 1n;
export const MICROS_MIN = -(2n ** 63n);
export const DAYS_MAX = 2 ** 31 - 1;
export const DAYS_MIN = -(2 ** 31);

/**
 * Days since 1970-01-01 of a day of the proleptic Gregorian calendar; year 0 is 1 BC.
 * https://howardhinnant.github.io/date_algorithms.html#days_from_civil
 */
export function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** https://howardhinnant.github.io/date_algorithms.html#civil_from_days */
function dayText(days: number): { readonly text: string; readonly suffix: string } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const shown = year > 0 ? year : 1 - year;
  return { text: `${pad(shown, 4)}-${pad(month, 2)}-${pad(day, 2)}`, suffix: year > 0 ? '' : ' BC' };
}

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');
const yearOf = (digits: string, bc: string | undefined): number =>
  bc === undefined ? Number(digits) : 1 - Number(digits);

/** Days since 1970 of a date; `undefined` when it is none. */
export function daysOfDate(text: string): number | undefined {
  if (text === 'infinity') return DAYS_MAX;
  if (text === '-infinity') return DAYS_MIN;
  const match = DATE.exec(text);
  return match === null ? undefined : daysOf(yearOf(match[1]!, match[4]), Number(match[2]), Number(match[3]));
}

export function dateText(days: number): string {
  if (days === DAYS_MAX) return 'infinity';
  if (days === DAYS_MIN) return '-infinity';
  const { text, suffix } = dayText(days);
  return text + suffix;
}

/** Microseconds since 1970 (UTC, or the wall clock's of a timestamp without zone); a BigInt where a number is not exact. `undefined` when it is none. */
export function microsOfTimestamp(text: string): number | bigint | undefined {
  if (text === 'infinity') return MICROS_MAX;
  if (text === '-infinity') return MICROS_MIN;
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone, bc] = match;
  const days = daysOf(yearOf(year!, bc), Number(month), Number(day));
  const clock = Number(hour) * 3_600 + Number(minute) * 60 + Number(second);
  const seconds = days * DAY_S + clock - (zone === undefined ? 0 : zoneSeconds(zone));
  return joinedMicros(seconds, fractionMicros(fraction));
}

/** A BigInt where a number is not exact; `undefined` beyond 64 bits. */
export function joinedMicros(seconds: number, micros: number): number | bigint | undefined {
  const total = seconds * US_PER_S + micros;
  if (Math.abs(total) < Number.MAX_SAFE_INTEGER) return total;
  const exact = BigInt(seconds) * BigInt(US_PER_S) + BigInt(micros);
  // The two at the ends mean infinity.
  return exact > MICROS_MIN && exact < MICROS_MAX ? exact : undefined;
}

const fractionMicros = (fraction: string | undefined): number =>
  fraction === undefined ? 0 : Number(fraction.padEnd(6, '0'));

function zoneSeconds(zone: string): number {
  const [hours, minutes = '0', seconds = '0'] = zone.slice(1).split(':');
  const size = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  return zone.startsWith('-') ? -size : size;
}

/** In PostgreSQL's text, in UTC when it has a zone. */
export function timestampText(micros: bigint, hasZone: boolean): string {
  if (micros === MICROS_MAX) return 'infinity';
  if (micros === MICROS_MIN) return '-infinity';
  const dayUs = BigInt(DAY_S * US_PER_S);
  const inDay = ((micros % dayUs) + dayUs) % dayUs;
  const { text, suffix } = dayText(Number((micros - inDay) / dayUs));
  return `${text} ${timeText(Number(inDay))}${hasZone ? '+00' : ''}${suffix}`;
}

/** Microseconds since midnight; 24:00:00 is a time as well. `undefined` when it is none. */
export function microsOfTime(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, hour, minute, second = '0', fraction] = match;
  return (Number(hour) * 3_600 + Number(minute) * 60 + Number(second)) * US_PER_S + fractionMicros(fraction);
}

/** As PostgreSQL prints it: without a fraction that is zero, without zeros at its end. */
export function timeText(micros: number): string {
  const seconds = Math.floor(micros / US_PER_S);
  const fraction = pad(micros % US_PER_S, 6).replace(/0+$/, '');
  const clock = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${clock.map((part) => pad(part, 2)).join(':')}${fraction === '' ? '' : `.${fraction}`}`;
}
