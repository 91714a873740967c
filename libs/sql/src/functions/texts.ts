import { createHash } from 'node:crypto';
import { InvalidEscape, InvalidParameter, InvalidRegularExpression, NegativeLength, sqlError } from '../errors.ts';
import { each, fn, type Signature } from './signature.ts';

/** Texts are counted in code points, as the server counts characters. */
const chars = (text: string): string[] => Array.from(text);
const length = (text: string): number => (/^[\0-\uD7FF]*$/.test(text) ? text.length : chars(text).length);

function substring(text: string, start: number, count?: number): string {
  if (count !== undefined && count < 0) throw sqlError(NegativeLength, 'negative substring length not allowed');
  const from = Math.max(start - 1, 0);
  const to = count === undefined ? undefined : Math.max(start - 1 + count, 0);
  return chars(text).slice(from, to).join('');
}

function trim(text: string, set: string, ends: 'both' | 'left' | 'right'): string {
  const characters = new Set(chars(set));
  const given = chars(text);
  let [from, to] = [0, given.length];
  if (ends !== 'right') while (from < to && characters.has(given[from]!)) from += 1;
  if (ends !== 'left') while (to > from && characters.has(given[to - 1]!)) to -= 1;
  return given.slice(from, to).join('');
}

/** Longest text that padding and repeating may make: the server's limit of 1 GB, in characters. */
const TEXT_LENGTH_MAX = 268_435_456;

function pad(text: string, count: number, fill: string, isLeft: boolean): string {
  const given = chars(text);
  if (count <= given.length) return given.slice(0, Math.max(count, 0)).join('');
  if (count > TEXT_LENGTH_MAX) throw sqlError(InvalidParameter, 'requested length too large');
  const filler = chars(fill);
  if (filler.length === 0) return text;
  const padding = Array.from({ length: count - given.length }, (_, index) => filler[index % filler.length]!).join('');
  return isLeft ? padding + text : text + padding;
}

function repeat(text: string, count: number): string {
  if (count <= 0) return '';
  if (text.length * count > TEXT_LENGTH_MAX) throw sqlError(InvalidParameter, 'requested length too large');
  return text.repeat(count);
}

function splitPart(text: string, separator: string, index: number): string {
  if (index === 0) throw sqlError(InvalidParameter, 'field position must not be zero');
  const parts = text === '' ? [] : separator === '' ? [text] : text.split(separator);
  return parts.at(index > 0 ? index - 1 : index) ?? '';
}

function translate(text: string, from: string, to: string): string {
  const [source, target] = [chars(from), chars(to)];
  return chars(text)
    .map((each) => {
      const at = source.indexOf(each);
      return at < 0 ? each : (target[at] ?? '');
    })
    .join('');
}

const initcap = (text: string): string =>
  text.toLowerCase().replace(/[\p{L}\p{N}]+/gu, (word) => {
    const [first, ...rest] = chars(word);
    return first!.toUpperCase() + rest.join('');
  });

/** Case mapping of the server is by single characters. */
const mapCase = (text: string, map: (each: string) => string): string =>
  /^[\0-\x7F]*$/.test(text)
    ? map(text)
    : chars(text)
        .map((each) => (length(map(each)) === 1 ? map(each) : each))
        .join('');
const lower = (text: string): string => mapCase(text, (each) => each.toLowerCase());
const upper = (text: string): string => mapCase(text, (each) => each.toUpperCase());

const position = (text: string, part: string): number => {
  const at = text.indexOf(part);
  return at < 0 ? 0 : length(text.slice(0, at)) + 1;
};

const PATTERNS_MAX = 1_000;
const patterns = new Map<string, RegExp>();

/** Patterns that come from rows are compiled once as long as they are few. */
function cached(key: string, make: () => RegExp): RegExp {
  let pattern = patterns.get(key);
  if (pattern === undefined) {
    if (patterns.size >= PATTERNS_MAX) patterns.clear();
    pattern = make();
    patterns.set(key, pattern);
  }
  return pattern;
}

const quoted = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/-]/u, '\\$&');

/** A LIKE pattern as a regular expression over code points. */
export function likePattern(pattern: string, sign: string, isCaseless: boolean): RegExp {
  return cached(`${isCaseless}${sign}${pattern}`, () => {
    let source = '';
    const given = chars(pattern);
    for (let index = 0; index < given.length; index++) {
      const char = given[index]!;
      if (char === sign) {
        index += 1;
        if (index === given.length) throw sqlError(InvalidEscape, 'LIKE pattern must not end with escape character');
        source += quoted(given[index]!);
      } else {
        source += char === '%' ? '[^]*' : char === '_' ? '[^]' : quoted(char);
      }
    }
    return new RegExp(`^${source}$`, isCaseless ? 'iu' : 'u');
  });
}

/** What POSIX regular expressions of PostgreSQL have and JavaScript's read otherwise. */
const UNSHARED = /\(\?|\\[mMyYAZ]|\[\[[.:=]|\*\*|^\*{3}/;

function regularExpression(pattern: string, isCaseless: boolean): RegExp {
  return cached(`~${isCaseless}${pattern}`, () => {
    if (UNSHARED.test(pattern)) {
      throw sqlError(
        InvalidRegularExpression,
        `the regular expression ${JSON.stringify(pattern)} uses signs that are not supported here`,
        'Use plain classes ([a-z0-9]), groups, alternatives and quantifiers, or LIKE.',
      );
    }
    try {
      return new RegExp(pattern, isCaseless ? 'isu' : 'su');
    } catch {
      throw sqlError(InvalidRegularExpression, `invalid regular expression: ${JSON.stringify(pattern)}`);
    }
  });
}

const BACKSLASH = '\\';
const matching: readonly Signature[] = [
  fn('~~', 'text text', 'boolean', (text: string, pattern: string) =>
    likePattern(pattern, BACKSLASH, false).test(text),
  ),
  fn(
    '!~~',
    'text text',
    'boolean',
    (text: string, pattern: string) => !likePattern(pattern, BACKSLASH, false).test(text),
  ),
  fn('~~*', 'text text', 'boolean', (text: string, pattern: string) =>
    likePattern(pattern, BACKSLASH, true).test(text),
  ),
  fn(
    '!~~*',
    'text text',
    'boolean',
    (text: string, pattern: string) => !likePattern(pattern, BACKSLASH, true).test(text),
  ),
  fn('~', 'text text', 'boolean', (text: string, pattern: string) => regularExpression(pattern, false).test(text)),
  fn('!~', 'text text', 'boolean', (text: string, pattern: string) => !regularExpression(pattern, false).test(text)),
  fn('~*', 'text text', 'boolean', (text: string, pattern: string) => regularExpression(pattern, true).test(text)),
  fn('!~*', 'text text', 'boolean', (text: string, pattern: string) => !regularExpression(pattern, true).test(text)),
];

export const textFunctions: readonly Signature[] = [
  fn('||', 'text text', 'text', (a: string, b: string) => a + b),
  ...each('length char_length character_length', 'text', 'T', 'int4', () => length),
  fn('octet_length', 'text', 'int4', (text: string) => Buffer.byteLength(text)),
  fn('lower', 'text', 'text', lower),
  fn('upper', 'text', 'text', upper),
  fn('initcap', 'text', 'text', initcap),
  ...each('substring substr', 'text', 'T int4', 'text', () => substring),
  ...each('substring substr', 'text', 'T int4 int4', 'text', () => substring),
  fn('left', 'text int4', 'text', (text: string, count: number) => chars(text).slice(0, count).join('')),
  fn('right', 'text int4', 'text', (text: string, count: number) =>
    chars(text)
      .slice(count > 0 ? -count : count === 0 ? length(text) : -count)
      .join(''),
  ),
  fn('btrim', 'text', 'text', (text: string) => trim(text, ' ', 'both')),
  fn('btrim', 'text text', 'text', (text: string, set: string) => trim(text, set, 'both')),
  fn('ltrim', 'text', 'text', (text: string) => trim(text, ' ', 'left')),
  fn('ltrim', 'text text', 'text', (text: string, set: string) => trim(text, set, 'left')),
  fn('rtrim', 'text', 'text', (text: string) => trim(text, ' ', 'right')),
  fn('rtrim', 'text text', 'text', (text: string, set: string) => trim(text, set, 'right')),
  fn('lpad', 'text int4', 'text', (text: string, count: number) => pad(text, count, ' ', true)),
  fn('lpad', 'text int4 text', 'text', (text: string, count: number, fill: string) => pad(text, count, fill, true)),
  fn('rpad', 'text int4', 'text', (text: string, count: number) => pad(text, count, ' ', false)),
  fn('rpad', 'text int4 text', 'text', (text: string, count: number, fill: string) => pad(text, count, fill, false)),
  fn('repeat', 'text int4', 'text', repeat),
  fn('replace', 'text text text', 'text', (text: string, from: string, to: string) =>
    from === '' ? text : text.replaceAll(from, () => to),
  ),
  fn('reverse', 'text', 'text', (text: string) => chars(text).reverse().join('')),
  fn('split_part', 'text text int4', 'text', splitPart),
  ...each('strpos position', 'text', 'T T', 'int4', () => position),
  fn('starts_with', 'text text', 'boolean', (text: string, start: string) => text.startsWith(start)),
  fn('translate', 'text text text', 'text', translate),
  fn('ascii', 'text', 'int4', (text: string) => text.codePointAt(0) ?? 0),
  fn('md5', 'text', 'text', (text: string) => createHash('md5').update(text).digest('hex')),
  ...matching,
];
