import { InvalidParameter, InvalidText, OutOfRange, sqlError, Unsupported } from '../errors.ts';
import { dateToTimestamp, timestampToDate, toPrecision } from '../functions/times.ts';
import { categoryOf, KNOWN_TYPES, type SqlType } from '../types/sql-type.ts';
import { splitDay } from '../values/datetime.ts';
import { bigInt, floatResult, int, roundHalfEven } from '../values/floats.ts';
import { type Jsonb, jsonTypeName } from '../values/json.ts';
import {
  holdTo,
  isFiniteNumeric,
  type Numeric,
  numericOf,
  numericToFloat,
  parseNumeric,
  roundNumeric,
} from '../values/numeric.ts';
import { decodeText, encodeText, type SqlValue } from '../values/value.ts';

export type Convert = (value: SqlValue) => SqlValue;

/** `explicit`: written in the expression. `assignment`: to the type that a place wants. */
export type CastContext = 'explicit' | 'assignment';

/** Significant digits that a float keeps when it becomes exact (float.c: DBL_DIG, FLT_DIG). */
const FLOAT_DIGITS = { float4: 6, float8: 15 } as const;

const isInt = (name: string): boolean => name === 'int2' || name === 'int4' || name === 'int8';
const isFloat = (name: string): name is 'float4' | 'float8' => name === 'float4' || name === 'float8';
const isString = (name: string): boolean => categoryOf(name) === 'string' || !KNOWN_TYPES.has(name);

/** The conversion between two types; `undefined` when there is none in this context. NULL stays NULL. */
export function castBetween(from: SqlType, to: SqlType, context: CastContext): Convert | undefined {
  const convert = between(from, to, context);
  if (convert === undefined) return undefined;
  const hold = holding(to, context);
  return (value) => (value === null ? null : hold(convert(value)));
}

function between(from: SqlType, to: SqlType, context: CastContext): Convert | undefined {
  if (from.name === to.name) return (value) => value;
  if (isString(to.name) && to.element === undefined) return toText(from, context);
  if (isString(from.name))
    return context === 'explicit' ? (value) => decodeText({ name: to.name }, value as string) : undefined;
  if (categoryOf(to.name) === 'number') return toNumber(from.name, to.name, context);
  return others(from.name, to.name, context);
}

function toText(from: SqlType, context: CastContext): Convert | undefined {
  if (from.name === 'bpchar') return (value) => (value as string).replace(/ +$/, '');
  if (isString(from.name)) return (value) => value;
  if (context === 'assignment' && from.name === 'jsonb') return undefined;
  if (from.name === 'boolean') return (value) => (value === true ? 'true' : 'false');
  return (value) => encodeText(from, value);
}

function toNumber(from: string, to: string, context: CastContext): Convert | undefined {
  if (from === 'boolean')
    return to === 'int4' && context === 'explicit' ? (value) => (value === true ? 1 : 0) : undefined;
  if (from === 'jsonb') return context === 'explicit' ? (value) => fromJson(value as Jsonb, to) : undefined;
  if (categoryOf(from) !== 'number') return undefined;
  if (to === 'numeric') return (value) => toNumeric(value, from);
  if (isFloat(to)) return (value) => toFloat(value, from, to);
  return (value) => toInteger(value, from, to as 'int2' | 'int4' | 'int8');
}

function toNumeric(value: SqlValue, from: string): Numeric {
  if (isInt(from)) return numericOf(value as number | bigint);
  const float = value as number;
  if (!Number.isFinite(float)) return parseNumeric(String(float));
  return parseNumeric(
    float
      .toPrecision(FLOAT_DIGITS[from as 'float4' | 'float8'])
      .replace(/(\.\d*?)0+(e|$)/, '$1$2')
      .replace(/\.(e|$)/, '$1'),
  );
}

function toFloat(value: SqlValue, from: string, to: 'float4' | 'float8'): number {
  const number = from === 'numeric' ? numericToFloat(value as Numeric) : Number(value);
  return floatResult(number, [number], number === 0, to);
}

function toInteger(value: SqlValue, from: string, to: 'int2' | 'int4' | 'int8'): SqlValue {
  if (from === 'numeric') {
    const numeric = value as Numeric;
    if (!isFiniteNumeric(numeric)) {
      const what = numeric.digits === 0n ? 'NaN' : 'infinity';
      throw sqlError(Unsupported, `cannot convert ${what} to ${TITLES[to]}`);
    }
    return narrow(roundNumeric(numeric, 0).digits, to);
  }
  if (isFloat(from)) {
    const float = roundHalfEven(value as number);
    if (!Number.isFinite(float)) throw outOfRange(to);
    return narrow(BigInt(float), to);
  }
  return narrow(BigInt(value as number | bigint), to);
}

const narrow = (value: bigint, to: 'int2' | 'int4' | 'int8'): SqlValue =>
  to === 'int8' ? bigInt(value) : int(Number(value), to);

const outOfRange = (to: string) =>
  sqlError(OutOfRange, `${to === 'int2' ? 'smallint' : to === 'int4' ? 'integer' : 'bigint'} out of range`);

function fromJson({ json }: Jsonb, to: string): SqlValue {
  const kind = jsonTypeName(json);
  if (kind === 'null') return null;
  const wanted = to === 'boolean' ? 'boolean' : 'number';
  if (kind !== wanted) {
    const described =
      { array: 'array', object: 'object', string: 'string' }[kind] ?? (kind === 'number' ? 'numeric' : kind);
    throw sqlError(InvalidParameter, `cannot cast jsonb ${described} to type ${TITLES[to] ?? to}`);
  }
  if (to === 'boolean') return json as boolean;
  const cast = castBetween({ name: 'numeric' }, { name: to }, 'explicit')!;
  return cast(json as Numeric);
}

const TITLES: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
};

function others(from: string, to: string, context: CastContext): Convert | undefined {
  const isExplicit = context === 'explicit';
  switch (`${from} ${to}`) {
    case 'int4 boolean':
      return isExplicit ? (value) => value !== 0 : undefined;
    case 'jsonb boolean':
      return isExplicit ? (value) => fromJson(value as Jsonb, 'boolean') : undefined;
    case 'json jsonb':
      return (value) => decodeText({ name: 'jsonb' }, value as string);
    case 'jsonb json':
      return (value) => encodeText({ name: 'jsonb' }, value);
    case 'date timestamp':
    case 'date timestamptz':
      return (value) => dateToTimestamp(value as number);
    case 'timestamp timestamptz':
    case 'timestamptz timestamp':
      // The session's time zone is UTC.
      return (value) => value;
    case 'timestamp date':
    case 'timestamptz date':
      return (value) => timestampToDate(value as bigint);
    case 'timestamp time':
    case 'timestamptz time':
      return (value) => splitDay(value as bigint).time;
    case 'time interval':
      return (value) => ({ months: 0, days: 0, micros: value as bigint });
    default:
      return undefined;
  }
}

/** Keeps a value within the length or precision of a type. */
function holding({ name, modifier }: SqlType, context: CastContext): Convert {
  const [size] = modifier ?? [];
  if (modifier === undefined || size === undefined) return (value) => value;
  switch (name) {
    case 'numeric':
      return (value) => holdTo(value as Numeric, modifier);
    case 'varchar':
      return (value) => cut(value as string, size, context, 'character varying');
    case 'bpchar':
      return (value) => cut(value as string, size, context, 'character').padEnd(size, ' ');
    case 'timestamp':
    case 'timestamptz':
      return (value) => toPrecision(value as bigint, size);
    default:
      return (value) => value;
  }
}

function cut(text: string, size: number, context: CastContext, title: string): string {
  const chars = Array.from(text);
  if (chars.length <= size) return text;
  const rest = chars.slice(size);
  if (context === 'assignment' && rest.some((char) => char !== ' '))
    throw sqlError(InvalidText, `value too long for type ${title}(${size})`);
  return chars.slice(0, size).join('');
}
