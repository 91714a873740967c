import type { AggregateOperation, AggregateOperation1, ColumnPlan } from '../contract/aggregate-operation.ts';
import { objectMaker } from '../loop/object-literal.ts';

// biome-ignore-start lint/suspicious/noExplicitAny: parts of every type are put together
type AnyOperation<Row> = AggregateOperation1<Row, any, any>;
type ResultOf<Operation> = Operation extends AggregateOperation1<any, any, infer Result> ? Result : never;
/** A row that all of these operations take: from a union of them TypeScript infers the intersection of their rows. */
type RowOf<Operations> = [Operations] extends [AggregateOperation1<infer Row, any, any>] ? Row : never;
// biome-ignore-end lint/suspicious/noExplicitAny: see above

/** Results of several operations, by name. */
export type NamedResults<Operations> = { readonly [Name in keyof Operations]: ResultOf<Operations[Name]> };

/** Several operations over the same rows: a tuple of their results. */
export function allOf<const Operations extends readonly AnyOperation<never>[]>(
  ...operations: Operations
): AggregateOperation1<RowOf<Operations[number]>, unknown[], NamedResults<Operations>>;
/** Several operations over the same rows: an object of their results. */
export function allOf<Operations extends Readonly<Record<string, AnyOperation<never>>>>(
  operations: Operations,
): AggregateOperation1<RowOf<Operations[keyof Operations]>, unknown[], NamedResults<Operations>>;
export function allOf(...given: readonly unknown[]): AggregateOperation1<never, unknown[], unknown> {
  const { parts, shape } = partsOf(given);
  return { ...together(parts, shape), accumulate: [addToAll(parts)] };
}

/** An operation for each input of a co-aggregation: input i goes to operation i. The result is a tuple. */
export function coAggregate<const Operations extends readonly AnyOperation<never>[]>(
  ...operations: Operations
): AggregateOperation<
  { readonly [Input in keyof Operations]: RowOf<Operations[Input]> },
  unknown[],
  NamedResults<Operations>
>;
/** The same with names, in the order of the inputs: the result is an object. */
export function coAggregate<Operations extends Readonly<Record<string, AnyOperation<never>>>>(
  operations: Operations,
  // biome-ignore lint/suspicious/noExplicitAny: the order of properties is not part of a type
): AggregateOperation<any, unknown[], NamedResults<Operations>>;
// biome-ignore lint/suspicious/noExplicitAny: the signatures above say it
export function coAggregate(...given: readonly unknown[]): AggregateOperation<any, unknown[], any> {
  const { parts, shape } = partsOf(given);
  return {
    ...together(parts, shape),
    accumulate: parts.map(({ accumulate }, index) => (accumulators: unknown[], row: unknown) => {
      accumulators[index] = accumulate[0](accumulators[index], row);
      return accumulators;
    }) as never,
    columns: jointPlan(parts, shape, (index) => index),
  };
}

/** An operation of one's own for one input; plain functions. */
export function aggregateOperation<Row, Accumulator, Result>(parts: {
  readonly create: () => Accumulator;
  readonly accumulate: (accumulator: Accumulator, row: Row) => Accumulator;
  readonly combine?: ((left: Accumulator, right: Accumulator) => Accumulator) | undefined;
  readonly deduct?: ((left: Accumulator, right: Accumulator) => Accumulator) | undefined;
  readonly finish: (accumulator: Accumulator) => Result;
}): AggregateOperation1<Row, Accumulator, Result> {
  return { ...parts, accumulate: [parts.accumulate] };
}

/** The results in the order of the parts, in an array of its own, as the one result. */
type Shape = (results: unknown[]) => unknown;

function partsOf(given: readonly unknown[]): {
  readonly parts: readonly AnyOperation<unknown>[];
  readonly shape: Shape;
} {
  const [first] = given;
  const isNamed = given.length === 1 && !('accumulate' in (first as object));
  if (!isNamed) return { parts: given as readonly AnyOperation<unknown>[], shape: (results) => results };
  const names = Object.keys(first as object);
  return {
    parts: Object.values(first as Record<string, AnyOperation<unknown>>),
    shape: objectMaker(names) as Shape,
  };
}

const addToAll =
  (parts: readonly AnyOperation<unknown>[]) =>
  (accumulators: unknown[], row: unknown): unknown[] => {
    for (const [index, part] of parts.entries()) accumulators[index] = part.accumulate[0](accumulators[index], row);
    return accumulators;
  };

function together(
  parts: readonly AnyOperation<unknown>[],
  shape: Shape,
): Omit<AggregateOperation1<unknown, unknown[], unknown>, 'accumulate'> {
  const inAll = (name: 'combine' | 'deduct') =>
    parts.every((part) => part[name] !== undefined)
      ? (left: unknown[], right: unknown[]): unknown[] => {
          for (const [index, part] of parts.entries()) left[index] = part[name]!(left[index], right[index]);
          return left;
        }
      : undefined;
  return {
    create: () => parts.map((part) => part.create()),
    combine: inAll('combine'),
    deduct: inAll('deduct'),
    finish: (accumulators) => shape(parts.map((part, index) => part.finish(accumulators[index]))),
    columns: jointPlan(parts, shape, () => 0),
  };
}

/** One plan for all parts; none when one of them has none. */
function jointPlan(
  parts: readonly AnyOperation<unknown>[],
  shape: Shape,
  inputOf: (index: number) => number,
): ColumnPlan<unknown> | undefined {
  const plans = parts.map((part) => part.columns as ColumnPlan<unknown> | undefined);
  if (plans.some((plan) => plan === undefined)) return undefined;
  const known = plans as readonly ColumnPlan<unknown>[];
  const primitives = known.flatMap((plan, index) =>
    plan.primitives.map(({ primitive }) => ({ input: inputOf(index), primitive })),
  );
  // Called for each key of each window: nothing is made that is not part of the result.
  if (known.every((plan) => plan.primitives.length === 1 && plan.result === undefined)) {
    return { primitives, result: (...values: unknown[]) => shape(values) };
  }
  const result = (...values: readonly unknown[]): unknown => {
    let at = 0;
    return shape(
      known.map((plan) => {
        const own = values.slice(at, at + plan.primitives.length);
        at += plan.primitives.length;
        const make = plan.result as ((...each: unknown[]) => unknown) | undefined;
        return make === undefined ? own[0] : make(...own);
      }),
    );
  };
  return { primitives, result };
}
