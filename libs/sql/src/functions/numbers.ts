import { DivisionByZero, InvalidLogarithm, InvalidParameter, InvalidPower, sqlError } from '../errors.ts';
import { bigInt, type FloatName, floatResult, int, roundHalfEven } from '../values/floats.ts';
import {
  absNumeric,
  addNumeric,
  ceilNumeric,
  divideNumeric,
  floorNumeric,
  moduloNumeric,
  multiplyNumeric,
  type Numeric,
  negateNumeric,
  roundNumeric,
  signNumeric,
  subtractNumeric,
  truncateNumeric,
} from '../values/numeric.ts';
import { each, fn, type Signature } from './signature.ts';

const zero = () => sqlError(DivisionByZero, 'division by zero');
type Small = 'int2' | 'int4';

const small = (compute: (a: number, b: number) => number) => (type: string) => (a: number, b: number) =>
  int(compute(a, b), type as Small);

function floatDivide(a: number, b: number, type: FloatName): number {
  if (b === 0 && !Number.isNaN(a)) throw zero();
  return floatResult(a / b, [a, b], a === 0 || !Number.isFinite(b), type);
}

/** Products of 32-bit integers below 2^53 are exact; larger ones are out of range anyway. */
const arithmetic: readonly Signature[] = [
  ...each(
    '+',
    'int2 int4',
    'T T',
    'T',
    small((a, b) => a + b),
  ),
  ...each(
    '-',
    'int2 int4',
    'T T',
    'T',
    small((a, b) => a - b),
  ),
  ...each(
    '*',
    'int2 int4',
    'T T',
    'T',
    small((a, b) => a * b),
  ),
  ...each(
    '/',
    'int2 int4',
    'T T',
    'T',
    small((a, b) => {
      if (b === 0) throw zero();
      return Math.trunc(a / b);
    }),
  ),
  ...each(
    '% mod',
    'int2 int4',
    'T T',
    'T',
    small((a, b) => {
      if (b === 0) throw zero();
      return a % b;
    }),
  ),
  fn('+', 'int8 int8', 'int8', (a: bigint, b: bigint) => bigInt(a + b)),
  fn('-', 'int8 int8', 'int8', (a: bigint, b: bigint) => bigInt(a - b)),
  fn('*', 'int8 int8', 'int8', (a: bigint, b: bigint) => bigInt(a * b)),
  fn('/', 'int8 int8', 'int8', (a: bigint, b: bigint) => {
    if (b === 0n) throw zero();
    return bigInt(a / b);
  }),
  ...each('% mod', 'int8', 'T T', 'T', () => (a: bigint, b: bigint) => {
    if (b === 0n) throw zero();
    return a % b;
  }),
  fn('+', 'numeric numeric', 'numeric', addNumeric),
  fn('-', 'numeric numeric', 'numeric', subtractNumeric),
  fn('*', 'numeric numeric', 'numeric', multiplyNumeric),
  fn('/', 'numeric numeric', 'numeric', divideNumeric),
  ...each('% mod', 'numeric', 'T T', 'T', () => moduloNumeric),
  ...each(
    '+',
    'float4 float8',
    'T T',
    'T',
    (t) => (a: number, b: number) => floatResult(a + b, [a, b], true, t as FloatName),
  ),
  ...each(
    '-',
    'float4 float8',
    'T T',
    'T',
    (t) => (a: number, b: number) => floatResult(a - b, [a, b], true, t as FloatName),
  ),
  ...each(
    '*',
    'float4 float8',
    'T T',
    'T',
    (t) => (a: number, b: number) => floatResult(a * b, [a, b], a === 0 || b === 0, t as FloatName),
  ),
  ...each('/', 'float4 float8', 'T T', 'T', (t) => (a: number, b: number) => floatDivide(a, b, t as FloatName)),
];

const signs: readonly Signature[] = [
  ...each('-', 'int2 int4', 'T', 'T', (t) => (a: number) => int(-a, t as Small)),
  fn('-', 'int8', 'int8', (a: bigint) => bigInt(-a)),
  fn('-', 'numeric', 'numeric', negateNumeric),
  ...each('-', 'float4 float8', 'T', 'T', () => (a: number) => -a),
  ...each('+', 'int2 int4 int8 numeric float4 float8', 'T', 'T', () => (a) => a),
  ...each('abs @', 'int2 int4', 'T', 'T', (t) => (a: number) => int(Math.abs(a), t as Small)),
  ...each('abs @', 'int8', 'T', 'T', () => (a: bigint) => bigInt(a < 0n ? -a : a)),
  ...each('abs @', 'numeric', 'T', 'T', () => absNumeric),
  ...each('abs @', 'float4 float8', 'T', 'T', () => (a: number) => Math.abs(a)),
  fn('sign', 'numeric', 'numeric', signNumeric),
  fn('sign', 'float8', 'float8', (a: number) => (a > 0 ? 1 : a < 0 ? -1 : 0)),
];

const rounding: readonly Signature[] = [
  ...each('ceil ceiling', 'numeric', 'T', 'T', () => ceilNumeric),
  ...each('ceil ceiling', 'float8', 'T', 'T', () => (a: number) => Math.ceil(a)),
  fn('floor', 'numeric', 'numeric', floorNumeric),
  fn('floor', 'float8', 'float8', (a: number) => Math.floor(a)),
  fn('round', 'numeric', 'numeric', (a: Numeric) => roundNumeric(a, 0)),
  fn('round', 'float8', 'float8', roundHalfEven),
  fn('round', 'numeric int4', 'numeric', roundNumeric),
  fn('trunc', 'numeric', 'numeric', (a: Numeric) => truncateNumeric(a, 0)),
  fn('trunc', 'float8', 'float8', (a: number) => Math.trunc(a)),
  fn('trunc', 'numeric int4', 'numeric', truncateNumeric),
];

/** JavaScript's `**` is not always rounded correctly; these are. */
function rawPower(a: number, b: number): number {
  if (b === 2) return a * a;
  return b === -1 ? 1 / a : a ** b;
}

function power(a: number, b: number): number {
  if (a === 0 && b < 0) throw sqlError(InvalidPower, 'zero raised to a negative power is undefined');
  if (a < 0 && Number.isFinite(a) && Number.isFinite(b) && !Number.isInteger(b))
    throw sqlError(InvalidPower, 'a negative number raised to a non-integer power yields a complex result');
  // PostgreSQL follows POSIX here, JavaScript does not.
  if (a === 1 || b === 0) return 1;
  if (a === -1 && !Number.isFinite(b) && !Number.isNaN(b)) return 1;
  return floatResult(rawPower(a, b), [a, b], a === 0 || !Number.isFinite(a) || !Number.isFinite(b), 'float8');
}

function logarithm(a: number, compute: (a: number) => number): number {
  if (a === 0) throw sqlError(InvalidLogarithm, 'cannot take logarithm of zero');
  if (a < 0) throw sqlError(InvalidLogarithm, 'cannot take logarithm of a negative number');
  return compute(a);
}

/** Of floats only: a numeric argument is cast, which PostgreSQL would not do (it computes these exactly). */
const powers: readonly Signature[] = [
  fn('sqrt', 'float8', 'float8', (a: number) => {
    if (a < 0) throw sqlError(InvalidPower, 'cannot take square root of a negative number');
    return Math.sqrt(a);
  }),
  ...each('power pow ^', 'float8', 'T T', 'T', () => power),
  fn('exp', 'float8', 'float8', (a: number) => floatResult(Math.exp(a), [a], a === Number.NEGATIVE_INFINITY, 'float8')),
  fn('ln', 'float8', 'float8', (a: number) => logarithm(a, Math.log)),
  ...each('log log10', 'float8', 'T', 'T', () => (a: number) => logarithm(a, Math.log10)),
];

const bits: readonly Signature[] = [
  ...each('&', 'int2 int4', 'T T', 'T', () => (a: number, b: number) => a & b),
  ...each('|', 'int2 int4', 'T T', 'T', () => (a: number, b: number) => a | b),
  ...each('#', 'int2 int4', 'T T', 'T', () => (a: number, b: number) => a ^ b),
  fn('&', 'int8 int8', 'int8', (a: bigint, b: bigint) => a & b),
  fn('|', 'int8 int8', 'int8', (a: bigint, b: bigint) => a | b),
  fn('#', 'int8 int8', 'int8', (a: bigint, b: bigint) => a ^ b),
  fn('width_bucket', 'float8 float8 float8 int4', 'int4', widthBucket),
];

function widthBucket(value: number, low: number, high: number, count: number): number {
  if (count <= 0) throw sqlError(InvalidParameter, 'count must be greater than zero');
  if (low === high || ![low, high].every(Number.isFinite) || Number.isNaN(value))
    throw sqlError(InvalidParameter, 'lower bound cannot equal upper bound');
  const position = (value - low) / (high - low);
  return position < 0 ? 0 : position >= 1 ? count + 1 : Math.floor(position * count) + 1;
}

export const numberFunctions: readonly Signature[] = [...arithmetic, ...signs, ...rounding, ...powers, ...bits];
