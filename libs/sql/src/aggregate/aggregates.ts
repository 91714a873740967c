import type { Compiler } from '../check/compiler.ts';
import { commonType } from '../check/resolve.ts';
import { type Content, TEXT, type Typed } from '../check/typed.ts';
import { UnknownFunction } from '../errors.ts';
import { compareOf } from '../functions/comparisons.ts';
import { type SqlType, sqlTypeText } from '../types/sql-type.ts';
import { bigInt, type FloatName, floatResult } from '../values/floats.ts';
import { addIntervals, type Interval } from '../values/interval.ts';
import { addNumeric, divideNumeric, type Numeric, numericOf } from '../values/numeric.ts';
import type { SqlValue } from '../values/value.ts';

/** How an aggregate works on the values of its arguments. Accumulators are plain data. */
export interface Accumulate {
  readonly create: () => unknown;
  readonly add: (accumulator: unknown, values: readonly SqlValue[]) => unknown;
  readonly combine: (left: unknown, right: unknown) => unknown;
  readonly result: (accumulator: unknown) => SqlValue;
}

interface Chosen {
  readonly accumulate: Accumulate;
  readonly type: SqlType;
  /** Arguments, converted. */
  readonly inputs: readonly Typed[];
}

const NAMES = new Set(
  'count sum avg min max bool_and bool_or every string_agg stddev stddev_samp stddev_pop variance var_samp var_pop'.split(
    ' ',
  ),
);

export const isAggregate = (name: string): boolean => NAMES.has(name);

/** An accumulator that is a value; `null` of no rows. NULLs are left out. */
const folding = (fold: (left: never, right: never) => SqlValue, start: SqlValue = null): Accumulate => {
  const merge = (left: unknown, right: unknown): SqlValue =>
    right === null ? (left as SqlValue) : left === null ? (right as SqlValue) : fold(left as never, right as never);
  return {
    create: () => start,
    add: (accumulator, [value]) => merge(accumulator, value),
    combine: merge,
    result: (accumulator) => accumulator as SqlValue,
  };
};

const counting: Accumulate = {
  create: () => 0n,
  add: (accumulator, values) => (values.includes(null) ? accumulator : (accumulator as bigint) + 1n),
  combine: (left, right) => (left as bigint) + (right as bigint),
  result: (accumulator) => accumulator as bigint,
};

interface Mean {
  readonly count: number;
  readonly sum: Numeric;
}

/** Sum and count; the mean as numeric division gives it. */
const exactMean: Accumulate = {
  create: (): Mean => ({ count: 0, sum: numericOf(0) }),
  add: (accumulator, [value]) => {
    const { count, sum } = accumulator as Mean;
    return value === null ? accumulator : { count: count + 1, sum: addNumeric(sum, toNumeric(value as SqlValue)) };
  },
  combine: (left, right) => ({
    count: (left as Mean).count + (right as Mean).count,
    sum: addNumeric((left as Mean).sum, (right as Mean).sum),
  }),
  result: (accumulator) => {
    const { count, sum } = accumulator as Mean;
    return count === 0 ? null : divideNumeric(sum, numericOf(count));
  },
};

const toNumeric = (value: SqlValue): Numeric =>
  typeof value === 'number' || typeof value === 'bigint' ? numericOf(value) : (value as Numeric);

/** Count, sum and sum of squared differences (Youngs & Cramer, Technometrics 13(3), 1971), as float.c keeps them. */
interface Moments {
  readonly count: number;
  readonly sum: number;
  readonly squares: number;
}

function addMoment({ count, sum, squares }: Moments, value: number): Moments {
  const [n, total] = [count + 1, sum + value];
  if (count === 0) return { count: n, sum: total, squares: Number.isFinite(value) ? 0 : Number.NaN };
  const difference = value * n - total;
  return { count: n, sum: total, squares: squares + (difference * difference) / (n * count) };
}

function combineMoments(left: Moments, right: Moments): Moments {
  if (left.count === 0) return right;
  if (right.count === 0) return left;
  const count = left.count + right.count;
  const difference = left.sum / left.count - right.sum / right.count;
  const squares = left.squares + right.squares + (left.count * right.count * difference * difference) / count;
  return { count, sum: left.sum + right.sum, squares };
}

const moments = (result: (moments: Moments) => number | null): Accumulate => ({
  create: (): Moments => ({ count: 0, sum: 0, squares: 0 }),
  add: (accumulator, [value]) => (value === null ? accumulator : addMoment(accumulator as Moments, value as number)),
  combine: (left, right) => combineMoments(left as Moments, right as Moments),
  result: (accumulator) => result(accumulator as Moments),
});

const MOMENTS: Readonly<Record<string, (moments: Moments) => number | null>> = {
  avg: ({ count, sum }) => (count === 0 ? null : sum / count),
  variance: ({ count, squares }) => (count < 2 ? null : squares / (count - 1)),
  var_samp: ({ count, squares }) => (count < 2 ? null : squares / (count - 1)),
  var_pop: ({ count, squares }) => (count === 0 ? null : squares / count),
  stddev: ({ count, squares }) => (count < 2 ? null : Math.sqrt(squares / (count - 1))),
  stddev_samp: ({ count, squares }) => (count < 2 ? null : Math.sqrt(squares / (count - 1))),
  stddev_pop: ({ count, squares }) => (count === 0 ? null : Math.sqrt(squares / count)),
};

/** Parts with the separators ahead of them; that of the first one is not used. */
const joining: Accumulate = {
  create: (): (readonly [string, string])[] => [],
  add: (accumulator, [value, separator]) => {
    if (value !== null) (accumulator as [string, string][]).push([value as string, (separator as string | null) ?? '']);
    return accumulator;
  },
  combine: (left, right) => [...(left as []), ...(right as [])],
  result: (accumulator) => {
    const parts = accumulator as readonly (readonly [string, string])[];
    return parts.length === 0
      ? null
      : parts.map(([text, separator], index) => (index === 0 ? '' : separator) + text).join('');
  },
};

const FLOAT8: SqlType = { name: 'float8' };

/** The form of an aggregate for these arguments. @throws MillraceError `sql.unknown_function` */
export function aggregateOf(compiler: Compiler, name: string, given: readonly Typed[], content: Content): Chosen {
  const args = given.map((arg) => (arg.literal === undefined ? arg : compiler.as(arg, TEXT, 'implicit')));
  const [first] = args;
  if (name === 'count' && (content.agg_star === true ? args.length === 0 : args.length === 1))
    return { accumulate: counting, type: { name: 'int8' }, inputs: args };
  const found =
    first === undefined
      ? undefined
      : name === 'string_agg'
        ? joined(compiler, args)
        : args.length === 1
          ? ofOne(compiler, name, first)
          : undefined;
  if (found !== undefined) return found;
  const types = args.map(({ type }) => sqlTypeText(type)).join(', ');
  throw compiler.source.error(
    UnknownFunction,
    `aggregate does not exist: ${name}(${types})`,
    'Cast the argument: sum(after.total::numeric). docs/expressions.md lists what there is.',
    content.location as number | undefined,
  );
}

function joined(compiler: Compiler, args: readonly Typed[]): Chosen | undefined {
  if (args.length !== 2 || commonType(args.map(({ type }) => type.name)) === undefined) return undefined;
  return { accumulate: joining, type: TEXT, inputs: args.map((arg) => compiler.as(arg, TEXT, 'implicit')) };
}

function ofOne(compiler: Compiler, name: string, arg: Typed): Chosen | undefined {
  const type = arg.type.name;
  switch (name) {
    case 'sum':
      return summed(compiler, arg);
    case 'min':
    case 'max': {
      const compare = type === 'boolean' || type === 'uuid' || type === 'bytea' ? undefined : compareOf(type);
      if (compare === undefined) return undefined;
      const sign = name === 'min' ? 1 : -1;
      const inputs = type === 'varchar' ? [compiler.as(arg, TEXT, 'implicit')] : [arg];
      const accumulate = folding((a, b) => (compare(a, b) * sign <= 0 ? a : b));
      return { accumulate, type: inputs[0]!.type, inputs };
    }
    case 'bool_and':
    case 'every':
      return type === 'boolean' ? { accumulate: folding((a, b) => a && b), type: arg.type, inputs: [arg] } : undefined;
    case 'bool_or':
      return type === 'boolean' ? { accumulate: folding((a, b) => a || b), type: arg.type, inputs: [arg] } : undefined;
    default:
      return statistics(compiler, name, arg);
  }
}

function summed(_compiler: Compiler, arg: Typed): Chosen | undefined {
  const inputs = [arg];
  switch (arg.type.name) {
    case 'int2':
    case 'int4': {
      const sum = folding((a: bigint, b: bigint) => bigInt(a + b));
      const add = (accumulator: unknown, [value]: readonly SqlValue[]) =>
        sum.add(accumulator, [value === null ? null : BigInt(value as number)]);
      return { accumulate: { ...sum, add }, type: { name: 'int8' }, inputs };
    }
    case 'int8': {
      const sum = folding(addNumeric as never);
      const add = (accumulator: unknown, [value]: readonly SqlValue[]) =>
        sum.add(accumulator, [value === null ? null : numericOf(value as bigint)]);
      return { accumulate: { ...sum, add }, type: { name: 'numeric' }, inputs };
    }
    case 'numeric':
      return { accumulate: folding(addNumeric as never), type: { name: 'numeric' }, inputs };
    case 'float4':
    case 'float8': {
      const type = arg.type.name as FloatName;
      const accumulate = folding((a: number, b: number) => floatResult(a + b, [a, b], true, type));
      return { accumulate, type: arg.type, inputs };
    }
    case 'interval':
      return { accumulate: folding((a: Interval, b: Interval) => addIntervals(a, b)), type: arg.type, inputs };
    default:
      return undefined;
  }
}

/** The mean of exact numbers is exact; spread is computed with floats, also of exact numbers. */
function statistics(compiler: Compiler, name: string, arg: Typed): Chosen | undefined {
  const type = arg.type.name;
  const isExact = type === 'int2' || type === 'int4' || type === 'int8' || type === 'numeric';
  if (!isExact && type !== 'float4' && type !== 'float8') return undefined;
  if (name === 'avg' && isExact) return { accumulate: exactMean, type: { name: 'numeric' }, inputs: [arg] };
  const result = MOMENTS[name];
  if (result === undefined || isExact) return undefined;
  return { accumulate: moments(result), type: FLOAT8, inputs: [compiler.as(arg, FLOAT8, 'implicit')] };
}
