import { errorCode, MillraceError } from '@millrace/kernel';
import {
  compileExpression,
  type Expression,
  encodeText,
  referencedColumns,
  type Scope,
  type SqlType,
  type SqlValue,
  sqlTypeText,
} from '@millrace/sql';
import type { AggregateResult } from './aggregate-events.ts';
import { type EventRow, FormScope } from './row-form.ts';
import type { NamedExpression } from './rows-of-events.ts';

export const JoinNameUnknown = errorCode('pipeline.join_name_unknown', {
  domain: 'user',
  retry: 'never',
  title: 'A join names a column without its side',
});

/** Names of the joined stages: what their columns are called by, as `orders.total`. */
export interface SideNames {
  readonly left: string;
  readonly right: string;
}

export type Side = keyof SideNames;

/** Slots of the right side start here. */
const RIGHT = 1_000_000;

/**
 * The columns of one side that the output of a join needs: `orders.total` needs `total` of the stage `orders`.
 * @throws MillraceError `pipeline.join_name_unknown`
 */
export function columnsOfSide(
  outputs: readonly NamedExpression[],
  sides: SideNames,
  side: Side,
): readonly NamedExpression[] {
  const names = new Set<string>();
  for (const { text, pointer } of outputs) {
    for (const path of referencedColumns(text, pointer)) {
      const [first, name] = path;
      if (path.length !== 2 || (first !== sides.left && first !== sides.right))
        throw noSide(path.join('.'), sides, pointer);
      if (first === sides[side]) names.add(name!);
    }
  }
  return [...names].map((name) => ({
    name,
    text: `"${name.replaceAll('"', '""')}"`,
    pointer: outputs[0]!.pointer,
  }));
}

const noSide = (name: string, { left, right }: SideNames, pointer: string): MillraceError =>
  new MillraceError(JoinNameUnknown, {
    message: `"${name}" does not say which side of the join it belongs to`,
    mend: `Write ${written(left)}.${name.split('.').at(-1)} or ${written(right)}.${name.split('.').at(-1)}.`,
    pointer,
  });

/** As it has to be written in an expression. */
const written = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name}"`);

/** Both sides' names. What the right side is like is not known before its first row: then its columns are NULL. */
class JoinScope implements Scope {
  readonly #sides: SideNames;
  readonly #left: FormScope;
  readonly #right: FormScope | undefined;

  constructor(sides: SideNames, left: string, right: string | undefined) {
    this.#sides = sides;
    this.#left = new FormScope(left);
    this.#right = right === undefined ? undefined : new FormScope(right);
  }

  resolve([side, ...path]: readonly string[]): { readonly type: SqlType; readonly slot: number } | undefined {
    if (side === this.#sides.left) return this.#left.resolve(path);
    if (side !== this.#sides.right) return undefined;
    if (this.#right === undefined) return { type: { name: 'unknown' }, slot: RIGHT };
    const found = this.#right.resolve(path);
    return found && { type: found.type, slot: RIGHT + found.slot };
  }

  names(): readonly string[] {
    const right = this.#right?.names() ?? [];
    const [ofLeft, ofRight] = [written(this.#sides.left), written(this.#sides.right)];
    return [...this.#left.names().map((name) => `${ofLeft}.${name}`), ...right.map((name) => `${ofRight}.${name}`)];
  }
}

/** The compiled outputs, the key's first. */
function compileOutputs(
  outputs: readonly NamedExpression[],
  sides: SideNames,
  left: string,
  right: string | undefined,
): readonly Expression[] {
  const scope = new JoinScope(sides, left, right);
  return outputs.map(({ text, pointer }) => compileExpression(text, scope, { pointer }));
}

/** Types of the outputs of a join of rows of these forms. */
export const joinTypes = (
  outputs: readonly NamedExpression[],
  sides: SideNames,
  left: string,
  right: string,
): readonly string[] => compileOutputs(outputs, sides, left, right).map(({ type }) => sqlTypeText(type));

/** Each pair of rows as a result; of a left join a row without a match as well. `outputs` begin with the `keyCount` columns of the key. */
export function joinEvents(
  outputs: readonly NamedExpression[],
  sides: SideNames,
  keyCount: number,
  isLeft: boolean,
): (pair: { readonly result: readonly [EventRow[], EventRow[]] }) => { readonly result: AggregateResult }[] {
  const plans = new Map<string, { readonly expressions: readonly Expression[]; readonly types: readonly string[] }>();
  const planOf = (left: string, right: string | undefined) => {
    const name = `${left}\n${right ?? ''}`;
    let plan = plans.get(name);
    if (plan === undefined) {
      const expressions = compileOutputs(outputs, sides, left, right);
      plan = { expressions, types: expressions.map(({ type }) => sqlTypeText(type)) };
      plans.set(name, plan);
    }
    return plan;
  };
  /** The right side's form as it was last seen, so that rows without a match have the types of the others. */
  let rightForm: string | undefined;
  return ({ result: [lefts, rights] }) => {
    rightForm = rights[0]?.form ?? rightForm;
    const matches: readonly (EventRow | undefined)[] = rights.length === 0 && isLeft ? [undefined] : rights;
    return lefts.flatMap((left) =>
      matches.map((right) => {
        const { expressions, types } = planOf(left.form, right?.form ?? rightForm);
        const read = (slot: number): SqlValue =>
          slot < RIGHT ? left.values[slot]! : right === undefined ? null : right.values[slot - RIGHT]!;
        const values = expressions.map((each) => encodeText(each.type, each.evaluate(read)));
        return { result: { key: values.slice(0, keyCount), values: values.slice(keyCount), types } };
      }),
    );
  };
}
