import { type InputIssue, jsonPointer } from '@millrace/pipeline';

/** The moment that a run is for. */
export interface TickTime {
  readonly tick: Date;
  /** The tick before it, by the pattern. */
  readonly previous: Date | undefined;
  readonly timeZone: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Fields that hold values, names and paths. Everywhere else may be SQL, which no value is ever spliced into. */
const PLACES = new Set(['parameters', 'path', 'prefix', 'files', 'table', 'topic', 'subject', 'options']);
const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;
/** Looks like one of ours; other braces are none of our business where placeholders do not belong. */
const MISPLACED = /\{\{\s*tick\b/;
const KNOWN = /^tick(?:\.(previous)|\.(date|month)(?:\s*([+-])\s*(\d{1,4}))?)?$/;

/** A document with the values of a tick, and what is wrong with its placeholders, all at once. */
export function withTick(
  template: Fields,
  time: TickTime,
): { readonly document: Fields; readonly issues: readonly InputIssue[] } {
  const issues: InputIssue[] = [];
  const replaced = (text: string, path: readonly string[]): string =>
    text.replace(PLACEHOLDER, (whole, inside: string) => {
      const value = textOf(inside.trim(), time);
      if (value === undefined) issues.push(unknown(whole, path));
      return value ?? whole;
    });
  const walk = (value: unknown, path: readonly string[], isPlace: boolean): unknown => {
    if (typeof value === 'string') {
      if (isPlace) return replaced(value, path);
      if (MISPLACED.test(value)) issues.push(misplaced(path));
      return value;
    }
    if (Array.isArray(value)) return value.map((each, index) => walk(each, [...path, String(index)], isPlace));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name,
        walk(inner, [...path, name], isPlace || isPlaceAt(path, name)),
      ]),
    );
  };
  return { document: walk(template, [], false) as Fields, issues };
}

/** A field of a stage, or the options of a job written in TypeScript. */
const isPlaceAt = (path: readonly string[], name: string): boolean =>
  PLACES.has(name) &&
  (path.length === 0 ? name === 'options' : path.length === 2 && path[0] === 'stages' && name !== 'options');

function textOf(text: string, { tick, previous, timeZone }: TickTime): string | undefined {
  const match = KNOWN.exec(text);
  if (match === null) return undefined;
  const [, before, unit, sign, distance] = match;
  if (before !== undefined) return (previous ?? tick).toISOString();
  if (unit === undefined) return tick.toISOString();
  const [year, month, day] = localDate(tick, timeZone);
  const away = distance === undefined ? 0 : Number(`${sign}${distance}`);
  if (unit === 'month') return new Date(Date.UTC(year, month - 1 + away, 1)).toISOString().slice(0, 7);
  return new Date(Date.UTC(year, month - 1, day + away)).toISOString().slice(0, 10);
}

function localDate(time: Date, timeZone: string): readonly [number, number, number] {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
  }).formatToParts(time);
  const part = (type: string): number => Number(parts.find((each) => each.type === type)!.value);
  return [part('year'), part('month'), part('day')];
}

const unknown = (text: string, path: readonly string[]): InputIssue => ({
  code: 'schedule.unknown_placeholder',
  message: `${text} is no placeholder`,
  mend: 'There are {{tick}}, {{tick.previous}}, {{tick.date}} and {{tick.month}}, the last two also as {{tick.date-1}} or {{tick.month+1}}.',
  pointer: jsonPointer(['template', ...path]),
});

const misplaced = (path: readonly string[]): InputIssue => ({
  code: 'schedule.misplaced_placeholder',
  message: 'a placeholder stands where it could become code',
  mend: `Placeholders belong into values: ${[...PLACES].join(', ')}. Give a value to a query with "parameters".`,
  pointer: jsonPointer(['template', ...path]),
});
