import { SAFE_PART_BYTES_MAX } from './safe-part.ts';

const TIME_PARTS = ['yyyy', 'mm', 'dd', 'hh'] as const;
const PLACEHOLDERS = ['schema', 'table', 'job', ...TIME_PARTS] as const;
/** Of a column's time that is NULL. */
const TIME_PART_BYTES_MAX = 26;
const PLACEHOLDER = /\{([^{}]*)\}/g;
const COLUMN_PREFIX = 'row.';

/** A key has 1,024 bytes; prefix and name of the object need up to 300 of them. */
const PATH_BYTES_MAX = 724;

type Placeholder = (typeof PLACEHOLDERS)[number];

/** One piece of a path: text as it is, something of the event or the job, or the value of a column. */
export type PathPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'named'; readonly name: Placeholder }
  | { readonly kind: 'column'; readonly column: string };

/** What is wrong with a path template, or `undefined`. */
export function pathProblem(path: string): string | undefined {
  for (const [, name] of path.matchAll(PLACEHOLDER)) {
    const isColumn = name!.startsWith(COLUMN_PREFIX) && name!.length > COLUMN_PREFIX.length;
    if (isColumn || (PLACEHOLDERS as readonly string[]).includes(name!)) continue;
    const known = [...PLACEHOLDERS, `${COLUMN_PREFIX}COLUMN`].map((text) => `{${text}}`).join(', ');
    return `{${name}} is not known; use ${known}`;
  }
  const rest = path.replaceAll(PLACEHOLDER, 'x');
  if (!/^[A-Za-z0-9!_.*'()=/-]+$/.test(rest))
    return "letters, digits and !_.*'()=- between slashes, and braces around a placeholder";
  if (rest.split('/').some((part) => part === '' || part.startsWith('.') || part.startsWith('_')))
    return 'a relative path whose parts are neither empty nor start with a dot or underscore';
  const bytesMax = parsePath(path).reduce((sum, part) => sum + partBytesMax(part), 0);
  if (bytesMax > PATH_BYTES_MAX) return 'too many placeholders: the keys of objects could become longer than S3 allows';
  return undefined;
}

function partBytesMax(part: PathPart): number {
  if (part.kind === 'text') return part.text.length;
  return part.kind === 'named' && isTimePart(part.name) ? TIME_PART_BYTES_MAX : SAFE_PART_BYTES_MAX;
}

/** The parts of a template that has no problem. */
export function parsePath(path: string): readonly PathPart[] {
  // Splitting by a pattern with a group gives texts and names in turn.
  return path.split(/\{([^{}]*)\}/).flatMap((piece, index): PathPart[] => {
    if (index % 2 === 0) return piece === '' ? [] : [{ kind: 'text', text: piece }];
    if (piece.startsWith(COLUMN_PREFIX)) return [{ kind: 'column', column: piece.slice(COLUMN_PREFIX.length) }];
    return [{ kind: 'named', name: piece as Placeholder }];
  });
}

/** Columns a template takes values of. */
export const pathColumns = (path: string): readonly string[] => [
  ...new Set(parsePath(path).flatMap((part) => (part.kind === 'column' ? [part.column] : []))),
];

/** What all objects of a template begin with. */
export function literalPrefix(path: string): string {
  const first = parsePath(path)[0];
  return first?.kind === 'text' ? first.text : '';
}

export const isTimePart = (name: Placeholder): boolean => (TIME_PARTS as readonly string[]).includes(name);

/** The template has a part of a time. */
export const hasTime = (path: string): boolean =>
  parsePath(path).some((part) => part.kind === 'named' && isTimePart(part.name));
