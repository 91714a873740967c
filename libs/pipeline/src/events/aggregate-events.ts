import { errorCode, MillraceError } from '@millrace/kernel';
import type { AggregateOperation1 } from '@millrace/operators';
import {
  type CompiledAggregate,
  compileAggregate,
  decodeText,
  encodeText,
  type SqlType,
  sqlTypeText,
} from '@millrace/sql';
import { type EventRow, FormScope } from './row-form.ts';
import type { NamedExpression } from './rows-of-events.ts';

export const TypesDiffer = errorCode('pipeline.types_differ', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Rows that are aggregated together have columns of different types',
});

/** Accumulators of all aggregates of a stage. Plain data. */
interface Accumulator {
  /** Of the rows so far; `undefined` before the first. */
  form: string | undefined;
  key: readonly (string | null)[];
  states: unknown[];
}

/** The values of the aggregates as PostgreSQL prints them, and the types of all columns. */
export interface AggregateResult {
  readonly key: readonly (string | null)[];
  readonly values: readonly (string | null)[];
  /** Types of the key's columns, then those of the values; as texts. */
  readonly types: readonly string[];
}

interface Plan {
  readonly keyTypes: readonly SqlType[];
  readonly aggregates: readonly CompiledAggregate[];
  readonly types: readonly string[];
}

/** SQL aggregates as an operation over rows of events. Compiled once for each form of rows. */
export function aggregateEvents(
  aggregates: readonly NamedExpression[],
  groups: readonly NamedExpression[],
): AggregateOperation1<EventRow, Accumulator, AggregateResult> {
  const plans = new Map<string, Plan>();
  const planOf = (form: string): Plan => {
    const known = plans.get(form) ?? planForm(form, aggregates, groups);
    plans.set(form, known);
    return known;
  };
  /** The plan of these rows; their results must have the types of those that are there already. */
  const planFor = (accumulator: Accumulator, form: string): Plan => {
    const plan = planOf(form);
    if (accumulator.form !== undefined && accumulator.form !== form) checkTypes(planOf(accumulator.form), plan);
    return plan;
  };
  return {
    create: () => ({ form: undefined, key: [], states: [] }),
    accumulate: [
      (accumulator, row) => {
        const plan = planFor(accumulator, row.form);
        if (accumulator.form === undefined) begin(accumulator, row, plan);
        const read = (slot: number) => row.values[slot]!;
        let at = 0;
        for (const { accumulators } of plan.aggregates) {
          for (const call of accumulators) {
            accumulator.states[at] = call.accumulate(accumulator.states[at], read);
            at += 1;
          }
        }
        return accumulator;
      },
    ],
    combine: (left, right) => {
      if (right.form === undefined) return left;
      if (left.form === undefined) return { ...right, states: [...right.states] };
      let at = 0;
      for (const { accumulators } of planFor(left, right.form).aggregates) {
        for (const call of accumulators) {
          left.states[at] = call.combine(left.states[at], right.states[at]);
          at += 1;
        }
      }
      return left;
    },
    finish: ({ form, key, states }) => {
      if (form === undefined) return { key: [], values: [], types: [] };
      const { aggregates: compiled, keyTypes, types } = planOf(form);
      let at = 0;
      const values = compiled.map((aggregate) => {
        const results = aggregate.accumulators.map((call) => call.result(states[at++]));
        const readGroup = (index: number) => (key[index] === null ? null : decodeText(keyTypes[index]!, key[index]!));
        const value = aggregate.finish(results, readGroup);
        return value === null ? null : encodeText(aggregate.type, value);
      });
      return { key, values, types };
    },
  };
}

/** Types of the key's columns and of the aggregates over rows of this form. */
export const aggregateTypes = (
  form: string,
  aggregates: readonly NamedExpression[],
  groups: readonly NamedExpression[],
): readonly string[] => planForm(form, aggregates, groups).types;

function begin(accumulator: Accumulator, { form, key }: EventRow, plan: Plan): void {
  accumulator.form = form;
  accumulator.key = key;
  accumulator.states = plan.aggregates.flatMap(({ accumulators }) => accumulators.map((call) => call.create()));
}

function planForm(form: string, aggregates: readonly NamedExpression[], groups: readonly NamedExpression[]): Plan {
  const scope = new FormScope(form);
  const { keyTypes } = scope;
  const groupTypes = groups.map(({ text }, index) => ({ text, type: keyTypes[index]! }));
  const compiled = aggregates.map(({ text, pointer }) =>
    compileAggregate(text, scope, { pointer, groups: groupTypes }),
  );
  return {
    keyTypes,
    aggregates: compiled,
    types: [...keyTypes, ...compiled.map(({ type }) => type)].map(sqlTypeText),
  };
}

function checkTypes(left: Plan, right: Plan): void {
  const at = left.types.findIndex((type, index) => type !== right.types[index]);
  if (at < 0) return;
  throw new MillraceError(TypesDiffer, {
    message: `rows that are aggregated together give ${left.types[at]} and ${right.types[at]} for column ${at + 1}`,
    mend: 'Cast the column to one type in the expression: sum(after.amount::numeric).',
  });
}
