import { DivisionByZero, InvalidText, OutOfRange, sqlError } from '../errors.ts';

/**
 * PostgreSQL's numeric: `digits / 10^scale`, `scale` the number of digits printed after the point. NaN and the infinities have a
 * negative scale. Plain data, so it survives structured clone.
 */
export interface Numeric {
  readonly digits: bigint;
  readonly scale: number;
}

const NAN_SCALE = -1;
const INFINITY_SCALE = -2;
export const NUMERIC_NAN: Numeric = Object.freeze({ digits: 0n, scale: NAN_SCALE });
const PLUS_INFINITY: Numeric = Object.freeze({ digits: 1n, scale: INFINITY_SCALE });
const MINUS_INFINITY: Numeric = Object.freeze({ digits: -1n, scale: INFINITY_SCALE });

/** Digits before the point that the server's format can hold, and after it. */
const INTEGER_DIGITS_MAX = 131_072;
const SCALE_MAX = 16_383;
const DISPLAY_SCALE_MAX = 1_000;
/** The server keeps four decimal digits in one digit of its own, and divides to 16 significant ones (numeric.c, select_div_scale). */
const DIGITS_PER_WORD = 4;
const SIGNIFICANT_DIGITS_MIN = 16;

export const isFiniteNumeric = ({ scale }: Numeric): boolean => scale >= 0;
const isNan = ({ scale }: Numeric): boolean => scale === NAN_SCALE;
const abs = (value: bigint): bigint => (value < 0n ? -value : value);
export const pow10 = (exponent: number): bigint => 10n ** BigInt(exponent);

export const numericOf = (value: bigint | number): Numeric => ({ digits: BigInt(value), scale: 0 });

function checked(digits: bigint, scale: number): Numeric {
  // Almost every value is far below the limit, so a bound on the bits comes first.
  if (BigInt.asIntN(2_048, digits) !== digits && abs(digits).toString().length - scale > INTEGER_DIGITS_MAX)
    throw sqlError(OutOfRange, 'value overflows numeric format');
  return scale > SCALE_MAX ? rescale({ digits, scale }, SCALE_MAX) : { digits, scale };
}

/** With another scale; rounded half away from zero. */
export function rescale(value: Numeric, scale: number): Numeric {
  if (!isFiniteNumeric(value) || value.scale === scale) return value;
  if (scale > value.scale) return { digits: value.digits * pow10(scale - value.scale), scale };
  return { digits: divideRounded(value.digits, pow10(value.scale - scale)), scale };
}

function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const rest = abs(dividend % divisor) * 2n;
  if (rest < abs(divisor)) return quotient;
  return dividend < 0n === divisor < 0n ? quotient + 1n : quotient - 1n;
}

const TEXT = /^\s*([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:e([+-]?\d+))?\s*$/i;

/** @throws MillraceError `sql.invalid_text` */
export function parseNumeric(text: string): Numeric {
  const match = TEXT.exec(text);
  if (match === null) return parseSpecial(text);
  const [, sign, integer = '', fraction = '', bare = '', exponent = '0'] = match;
  const decimals = fraction + bare;
  const digits = BigInt(`${integer}${decimals}` || '0') * (sign === '-' ? -1n : 1n);
  const scale = decimals.length - Number(exponent);
  if (scale > SCALE_MAX || -scale > INTEGER_DIGITS_MAX) throw sqlError(OutOfRange, 'value overflows numeric format');
  return scale >= 0 ? checked(digits, scale) : checked(digits * pow10(-scale), 0);
}

function parseSpecial(text: string): Numeric {
  switch (text.trim().toLowerCase()) {
    case 'nan':
      return NUMERIC_NAN;
    case 'inf':
    case 'infinity':
    case '+inf':
    case '+infinity':
      return PLUS_INFINITY;
    case '-inf':
    case '-infinity':
      return MINUS_INFINITY;
    default:
      throw sqlError(InvalidText, `invalid input syntax for type numeric: "${text}"`);
  }
}

export function numericText(value: Numeric): string {
  const { digits, scale } = value;
  if (isNan(value)) return 'NaN';
  if (!isFiniteNumeric(value)) return digits > 0n ? 'Infinity' : '-Infinity';
  const text = abs(digits)
    .toString()
    .padStart(scale + 1, '0');
  const sign = digits < 0n ? '-' : '';
  return scale === 0 ? sign + text : `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

/** Rank among values that are not finite: -Infinity below all, NaN above all. */
const rank = (value: Numeric): number => (isNan(value) ? 2 : isFiniteNumeric(value) ? 0 : value.digits > 0n ? 1 : -1);

export function compareNumeric(left: Numeric, right: Numeric): number {
  if (!isFiniteNumeric(left) || !isFiniteNumeric(right)) return Math.sign(rank(left) - rank(right));
  const scale = Math.max(left.scale, right.scale);
  const [a, b] = [rescale(left, scale).digits, rescale(right, scale).digits];
  return a < b ? -1 : a > b ? 1 : 0;
}

const toNumber = (value: Numeric): number => Number(numericText(value));

/** Arithmetic of values that are not all finite goes as that of floats. */
function special(value: number): Numeric {
  return Number.isNaN(value) ? NUMERIC_NAN : value > 0 ? PLUS_INFINITY : value < 0 ? MINUS_INFINITY : numericOf(0);
}

export function addNumeric(left: Numeric, right: Numeric): Numeric {
  if (!isFiniteNumeric(left) || !isFiniteNumeric(right)) return special(toNumber(left) + toNumber(right));
  const scale = Math.max(left.scale, right.scale);
  return checked(rescale(left, scale).digits + rescale(right, scale).digits, scale);
}

export const negateNumeric = (value: Numeric): Numeric =>
  isNan(value) ? value : { digits: -value.digits, scale: value.scale };

export const subtractNumeric = (left: Numeric, right: Numeric): Numeric => addNumeric(left, negateNumeric(right));

export function multiplyNumeric(left: Numeric, right: Numeric): Numeric {
  if (!isFiniteNumeric(left) || !isFiniteNumeric(right)) return special(toNumber(left) * toNumber(right));
  return checked(left.digits * right.digits, left.scale + right.scale);
}

const zeroDivision = () => sqlError(DivisionByZero, 'division by zero');

/** Weight and value of the first digit to the base 10,000 (numeric.c, select_div_scale). */
function leadingWord({ digits, scale }: Numeric): { readonly weight: number; readonly word: number } {
  if (digits === 0n) return { weight: 0, word: 0 };
  const text = abs(digits).toString();
  const exponent = text.length - scale - 1;
  const weight = Math.floor(exponent / DIGITS_PER_WORD);
  const length = exponent - weight * DIGITS_PER_WORD + 1;
  return { weight, word: Number(text.slice(0, length).padEnd(length, '0')) };
}

export function divideNumeric(left: Numeric, right: Numeric): Numeric {
  if (isFiniteNumeric(right) && right.digits === 0n && !isNan(left)) throw zeroDivision();
  if (!isFiniteNumeric(left) || !isFiniteNumeric(right)) {
    if (isFiniteNumeric(left)) return isNan(right) ? NUMERIC_NAN : numericOf(0);
    return special(toNumber(left) / toNumber(right));
  }
  const [a, b] = [leadingWord(left), leadingWord(right)];
  const weight = a.weight - b.weight - (a.word <= b.word ? 1 : 0);
  const wanted = Math.max(SIGNIFICANT_DIGITS_MIN - weight * DIGITS_PER_WORD, left.scale, right.scale, 0);
  const scale = Math.min(wanted, DISPLAY_SCALE_MAX);
  const shift = scale + right.scale - left.scale;
  const dividend = shift >= 0 ? left.digits * pow10(shift) : left.digits;
  const divisor = shift >= 0 ? right.digits : right.digits * pow10(-shift);
  return checked(divideRounded(dividend, divisor), scale);
}

export function moduloNumeric(left: Numeric, right: Numeric): Numeric {
  if (isNan(left) || isNan(right)) return NUMERIC_NAN;
  if (isFiniteNumeric(right) && right.digits === 0n) throw zeroDivision();
  if (!isFiniteNumeric(left)) return NUMERIC_NAN;
  if (!isFiniteNumeric(right)) return left;
  const scale = Math.max(left.scale, right.scale);
  return { digits: rescale(left, scale).digits % rescale(right, scale).digits, scale };
}

/** Cut off after so many decimals (negative: before the point). */
export function truncateNumeric(value: Numeric, scale: number): Numeric {
  if (!isFiniteNumeric(value) || scale >= value.scale)
    return isFiniteNumeric(value) ? rescale(value, Math.max(scale, 0)) : value;
  const factor = pow10(value.scale - scale);
  const digits = value.digits / factor;
  return scale >= 0 ? { digits, scale } : { digits: digits * pow10(-scale), scale: 0 };
}

export function roundNumeric(value: Numeric, scale: number): Numeric {
  if (!isFiniteNumeric(value)) return value;
  if (scale >= 0) return checked(rescale(value, scale).digits, scale);
  const digits = divideRounded(value.digits, pow10(value.scale - scale));
  return checked(digits * pow10(-scale), 0);
}

export function floorNumeric(value: Numeric): Numeric {
  const cut = truncateNumeric(value, 0);
  return isFiniteNumeric(value) && compareNumeric(cut, value) > 0 ? addNumeric(cut, numericOf(-1)) : cut;
}

export const ceilNumeric = (value: Numeric): Numeric => negateNumeric(floorNumeric(negateNumeric(value)));
export const absNumeric = (value: Numeric): Numeric => (value.digits < 0n ? negateNumeric(value) : value);
export const signNumeric = (value: Numeric): Numeric =>
  isNan(value) ? value : numericOf(value.digits > 0n ? 1 : value.digits < 0n ? -1 : 0);
export const numericToFloat = toNumber;

/** The value held to `numeric(precision, scale)`. @throws MillraceError `sql.out_of_range` */
export function holdTo(value: Numeric, [precision = DISPLAY_SCALE_MAX, scale = 0]: readonly number[]): Numeric {
  if (isNan(value)) return value;
  if (!isFiniteNumeric(value)) throw sqlError(OutOfRange, 'numeric field overflow');
  const held = scale >= 0 ? rescale(value, scale) : roundNumeric(value, scale);
  if (abs(held.digits) >= pow10(Math.max(0, precision - scale + held.scale)))
    throw sqlError(OutOfRange, 'numeric field overflow');
  return held;
}
