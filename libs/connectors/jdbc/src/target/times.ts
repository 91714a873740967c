/** Parts of a time stamp as PostgreSQL writes it with `DateStyle` ISO. `infinity`, years BC and beyond 9999 are none. */
const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?$/;

/** The same instant in UTC as `2026-11-21 04:00:00.123456`, without offset; `undefined` for what no such text holds. */
export function utcTimestamp(text: string): string | undefined {
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hours, minutes, seconds, fraction, sign, ...offset] = match;
  const dot = fraction === undefined ? '' : `.${fraction}`;
  const [offsetHours, offsetMinutes, offsetSeconds] = offset.map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
  ];
  const offsetMs = (offsetHours * 3_600 + offsetMinutes * 60 + offsetSeconds) * 1_000;
  if (offsetMs === 0) return `${year}-${month}-${day} ${hours}:${minutes}:${seconds}${dot}`;
  // `Date.UTC` takes years below 100 for ones of the last century.
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hours), Number(minutes), Number(seconds));
  const utc = new Date(date.getTime() - (sign === '-' ? -offsetMs : offsetMs)).toISOString();
  return /^\d{4}-/.test(utc) && !utc.startsWith('0000') ? `${utc.slice(0, 10)} ${utc.slice(11, 19)}${dot}` : undefined;
}
