import { InvalidText, OutOfRange, sqlError } from '../errors.ts';

/** Decimal exponents from which on, and below which, a float is printed with an exponent (float.c; ryu's "shortest" output). */
const FIXED_EXPONENT_MIN = -4;
const FIXED_EXPONENT_MAX = { float4: 6, float8: 15 } as const;

export type FloatName = 'float4' | 'float8';

/** As PostgreSQL prints it: the shortest digits that read back as the same value. */
export function floatText(value: number, name: FloatName): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = shortest(value, name).split('e') as [string, string];
  const exponent = Number(exponentText);
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < FIXED_EXPONENT_MIN || exponent >= FIXED_EXPONENT_MAX[name]) {
    const rest = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${rest}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return sign + whole + (fraction === '' ? '' : `.${fraction}`);
}

function shortest(value: number, name: FloatName): string {
  if (name === 'float8') {
    const text = value.toExponential();
    return isHalfway(value, text) ? value.toExponential(16).replace(/\.?0+e/, 'e') : text;
  }
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return text.replace(/\.?0+e/, 'e');
  }
  return value.toExponential();
}

/**
 * Whether these digits lie exactly between the value and its neighbour. JavaScript takes them (a tie is read back as the even one),
 * PostgreSQL does not and prints one digit more. Only whole numbers beyond 2^53 have such ties among their shortest digits.
 */
function isHalfway(value: number, text: string): boolean {
  const size = Math.abs(value);
  if (size < 2 ** 53 || size > 2 ** 80) return false;
  const [mantissa, exponent] = text.replace('-', '').split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  const written = BigInt(digits) * 10n ** BigInt(Number(exponent) - digits.length + 1);
  const ulp = 2n ** BigInt(Math.floor(Math.log2(size)) - 52);
  const distance = written - BigInt(size);
  return (distance < 0n ? -distance : distance) * 2n === ulp;
}

const FLOAT = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

const TITLES = { float4: 'real', float8: 'double precision' } as const;

export function parseFloatText(text: string, name: FloatName): number {
  const word = text.trim().toLowerCase();
  if (word === 'nan') return Number.NaN;
  if (/^[+-]?inf(inity)?$/.test(word))
    return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (!FLOAT.test(text)) throw sqlError(InvalidText, `invalid input syntax for type ${TITLES[name]}: "${text}"`);
  const value = toFloat(Number(text), name);
  const isLost = value === 0 && /[1-9]/.test(text.replace(/e.*$/i, ''));
  if (!Number.isFinite(value) || isLost)
    throw sqlError(OutOfRange, `"${text.trim()}" is out of range for type ${TITLES[name]}`);
  return value;
}

const toFloat = (value: number, name: FloatName): number => (name === 'float4' ? Math.fround(value) : value);

/** The result of arithmetic on finite or other inputs. @throws MillraceError `sql.out_of_range` */
export function floatResult(value: number, inputs: readonly number[], canBeZero: boolean, name: FloatName): number {
  const result = toFloat(value, name);
  if (!Number.isFinite(result) && !Number.isNaN(result) && inputs.every(Number.isFinite))
    throw sqlError(OutOfRange, 'value out of range: overflow');
  if (result === 0 && !canBeZero) throw sqlError(OutOfRange, 'value out of range: underflow');
  return result;
}

/** Order of floats: NaN equals itself and is above all. */
export const compareFloat = (left: number, right: number): number =>
  left < right ? -1 : left > right ? 1 : left === right ? 0 : Number.isNaN(left) ? (Number.isNaN(right) ? 0 : 1) : -1;

const INT_LIMITS = { int2: 32_768, int4: 2_147_483_648 } as const;
const INT_TITLES = { int2: 'smallint', int4: 'integer', int8: 'bigint' } as const;
export type IntName = keyof typeof INT_TITLES;

/** @throws MillraceError `sql.out_of_range` */
export function int(value: number, name: 'int2' | 'int4'): number {
  const limit = INT_LIMITS[name];
  // Also of NaN; `+ 0` makes -0 a plain zero.
  if (!(value >= -limit && value < limit)) throw sqlError(OutOfRange, `${INT_TITLES[name]} out of range`);
  return value + 0;
}

export function bigInt(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) throw sqlError(OutOfRange, 'bigint out of range');
  return value;
}

export function parseInteger(text: string, name: IntName): number | bigint {
  if (!/^\s*[+-]?\d+\s*$/.test(text))
    throw sqlError(InvalidText, `invalid input syntax for type ${INT_TITLES[name]}: "${text}"`);
  const value = BigInt(text.trim().replace(/^\+/, ''));
  const limit = name === 'int8' ? 2n ** 63n : BigInt(INT_LIMITS[name]);
  if (value < -limit || value >= limit)
    throw sqlError(OutOfRange, `value "${text.trim()}" is out of range for type ${INT_TITLES[name]}`);
  return name === 'int8' ? value : Number(value);
}

/** Rounds half to even, as the server's rint. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
