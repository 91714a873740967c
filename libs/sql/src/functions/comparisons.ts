import { compareFloat } from '../values/floats.ts';
import { compareIntervals } from '../values/interval.ts';
import { compareNumeric } from '../values/numeric.ts';
import type { SqlValue } from '../values/value.ts';
import { fn, type Implementation, type Signature } from './signature.ts';

// biome-ignore lint/suspicious/noExplicitAny: values of one type are compared with each other
type Compare = (a: any, b: any) => number;

const plain: Compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Texts by their bytes in UTF-8 (collation "C"), which is not the order of UTF-16 units. */
function texts(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left === right) continue;
    // Halves of surrogate pairs stand for code points above all others.
    const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
    if (isHigh(left) !== isHigh(right)) return isHigh(left) ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}

/** Trailing blanks of `character(n)` do not count. */
const blanks: Compare = (a: string, b: string) => texts(a.replace(/ +$/, ''), b.replace(/ +$/, ''));
const bytes: Compare = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b);

const COMPARES: Readonly<Record<string, Compare>> = {
  boolean: plain,
  int2: plain,
  int4: plain,
  int8: plain,
  numeric: compareNumeric,
  float4: compareFloat,
  float8: compareFloat,
  text: texts,
  bpchar: blanks,
  uuid: texts,
  bytea: bytes,
  date: plain,
  time: plain,
  timestamp: plain,
  timestamptz: plain,
  interval: compareIntervals,
};

/** The order of a type's values; `undefined` when they have none. */
export const compareOf = (type: string): Compare | undefined => COMPARES[type === 'varchar' ? 'text' : type];

const OPERATORS: readonly (readonly [string, (order: number) => boolean])[] = [
  ['=', (order) => order === 0],
  ['<>', (order) => order !== 0],
  ['<', (order) => order < 0],
  ['<=', (order) => order <= 0],
  ['>', (order) => order > 0],
  ['>=', (order) => order >= 0],
];

/** For types whose values compare as JavaScript's operators do, without the detour. */
const DIRECT: Readonly<Record<string, Implementation>> = {
  '=': (a, b) => a === b,
  '<>': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

const isDirect = (type: string, operator: string): boolean =>
  COMPARES[type] === plain || (type === 'text' && (operator === '=' || operator === '<>'));

export const comparisonFunctions: readonly Signature[] = Object.entries(COMPARES).flatMap(([type, compare]) =>
  OPERATORS.map(([operator, holds]) =>
    fn(
      operator,
      `${type} ${type}`,
      'boolean',
      isDirect(type, operator) ? DIRECT[operator]! : (a: SqlValue, b: SqlValue) => holds(compare(a, b)),
    ),
  ),
);
