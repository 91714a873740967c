import type { AggregateOperation1, ColumnPlan, Primitive } from '../contract/aggregate-operation.ts';

/** Rows as `fn` makes them go into another operation. */
export function mapping<Row, To, Accumulator, Result>(
  fn: (row: Row) => To,
  downstream: AggregateOperation1<To, Accumulator, Result>,
): AggregateOperation1<Row, Accumulator, Result> {
  const [accumulate] = downstream.accumulate;
  return {
    ...downstream,
    accumulate: [(accumulator, row) => accumulate(accumulator, fn(row))],
    columns: adapted(downstream.columns, (primitive): Primitive => {
      if (primitive.kind === 'count') return primitive;
      const of = (primitive.of ?? ((row: To) => row)) as (row: To) => never;
      return { ...primitive, of: (row: Row) => of(fn(row)) };
    }),
  };
}

/** Only rows of which `fn` is true go into another operation. */
export function filtering<Row, Accumulator, Result>(
  fn: (row: Row) => boolean,
  downstream: AggregateOperation1<Row, Accumulator, Result>,
): AggregateOperation1<Row, Accumulator, Result> {
  const [accumulate] = downstream.accumulate;
  return {
    ...downstream,
    accumulate: [(accumulator, row) => (fn(row) ? accumulate(accumulator, row) : accumulator)],
    columns: adapted(downstream.columns, (primitive): Primitive | undefined => {
      if (primitive.kind === 'count') return { kind: 'sum', of: (row: Row) => (fn(row) ? 1 : 0) };
      // The others would count rows, or have no value that changes nothing.
      return primitive.kind === 'sum'
        ? { kind: 'sum', of: (row: Row) => (fn(row) ? primitive.of(row) : 0) }
        : undefined;
    }),
  };
}

/** Every row that `fn` makes of one goes into another operation. */
export function flatMapping<Row, To, Accumulator, Result>(
  fn: (row: Row) => Iterable<To>,
  downstream: AggregateOperation1<To, Accumulator, Result>,
): AggregateOperation1<Row, Accumulator, Result> {
  const [accumulate] = downstream.accumulate;
  return {
    ...downstream,
    accumulate: [
      (accumulator, row) => {
        let grown = accumulator;
        for (const each of fn(row)) grown = accumulate(grown, each);
        return grown;
      },
    ],
    columns: undefined,
  };
}

/** A result made of an operation's result. */
export function finishing<Row, Accumulator, Inner, Result>(
  operation: AggregateOperation1<Row, Accumulator, Inner>,
  fn: (result: Inner) => Result,
): AggregateOperation1<Row, Accumulator, Result> {
  const plan = operation.columns;
  const inner = plan?.result as ((...values: unknown[]) => Inner) | undefined;
  return {
    ...operation,
    finish: (accumulator) => fn(operation.finish(accumulator)),
    columns: plan && {
      primitives: plan.primitives,
      result: (...values: readonly unknown[]) => fn(inner === undefined ? (values[0] as Inner) : inner(...values)),
    },
  };
}

/** All values brought down to one, as `Array.prototype.reduce` does. */
export function reducing<Row, Value>(parts: {
  readonly empty: Value;
  readonly map: (row: Row) => Value;
  readonly combine: (left: Value, right: Value) => Value;
  readonly deduct?: ((left: Value, right: Value) => Value) | undefined;
}): AggregateOperation1<Row, Value, Value> {
  const { empty, map, combine, deduct } = parts;
  return {
    create: () => structuredClone(empty),
    accumulate: [(value, row) => combine(value, map(row))],
    combine,
    deduct,
    finish: (value) => structuredClone(value),
  };
}

/** The plan with every primitive changed; none when one cannot be. */
function adapted<Result>(
  plan: ColumnPlan<Result> | undefined,
  change: (primitive: Primitive) => Primitive | undefined,
): ColumnPlan<Result> | undefined {
  if (plan === undefined) return undefined;
  const primitives = [];
  for (const { input, primitive } of plan.primitives) {
    const changed = change(primitive);
    if (changed === undefined) return undefined;
    primitives.push({ input, primitive: changed });
  }
  return { ...plan, primitives };
}
