import type { Node } from '@pgsql/types';
import { type CallHook, Compiler } from '../check/compiler.ts';
import type { Scope } from '../check/scope.ts';
import type { Content, Read, Typed } from '../check/typed.ts';
import { expecting } from '../compile-expression.ts';
import { GroupingError, Unsupported } from '../errors.ts';
import { parseExpression, SourceText } from '../parse/parse-expression.ts';
import type { SqlType } from '../types/sql-type.ts';
import { encodeText, type SqlValue } from '../values/value.ts';
import { type Accumulate, aggregateOf, isAggregate } from './aggregates.ts';

/** One aggregate function with its arguments. Its accumulators are plain data. */
export interface AggregateCall {
  readonly create: () => unknown;
  /** The accumulator with one more row; may be the one given, changed. */
  readonly accumulate: (accumulator: unknown, read: Read) => unknown;
  /** Both together; may be `left`, changed. */
  readonly combine: (left: unknown, right: unknown) => unknown;
  readonly result: (accumulator: unknown) => SqlValue;
}

/** An expression over aggregates and grouping columns. */
export interface CompiledAggregate {
  readonly type: SqlType;
  readonly text: string;
  /** The aggregates in it, in the order of their results. */
  readonly accumulators: readonly AggregateCall[];
  /** Its value for a group. */
  readonly finish: (results: readonly SqlValue[], readGroup: (index: number) => SqlValue) => SqlValue;
}

export interface AggregateOptions {
  /** JSON pointer of the expression in its document. */
  readonly pointer: string;
  /** Grouping expressions, which may be used outside of aggregates. */
  readonly groups: readonly { readonly text: string; readonly type: SqlType }[];
}

/** Groups are read from slots from here on, results of aggregates from slots below. */
const GROUP_SLOT = 1_000_000;

/**
 * Checks an expression over aggregates, such as `sum(after.total) / count(*)`.
 * @throws MillraceError as `compileExpression`; `sql.grouping` for a column outside of aggregates that is not grouped by
 */
export function compileAggregate(text: string, scope: Scope, { pointer, groups }: AggregateOptions): CompiledAggregate {
  const source = new SourceText(text, pointer);
  const calls: AggregateCall[] = [];
  const groupNodes = groups.map((group) => withoutPlace(parseExpression(new SourceText(group.text, pointer))));
  const hook: CallHook = {
    call: (name, content, compiler) => {
      if (!isAggregate(name)) return undefined;
      if (content.over !== undefined)
        throw source.error(
          Unsupported,
          'window functions are not supported',
          'Give the stage a window instead.',
          content.location,
        );
      const { call, type } = aggregateCall(
        name,
        content,
        new Compiler(compiler.source, compiler.scope, nested(source)),
      );
      const slot = calls.push(call) - 1;
      return { type, evaluate: (read) => read(slot), location: content.location as number | undefined };
    },
    known: (node) => {
      const index = groupNodes.findIndex((group) => sameNode(group, node, scope));
      if (index < 0) return undefined;
      return { type: groups[index]!.type, evaluate: (read) => read(GROUP_SLOT + index), location: undefined };
    },
    column: (name, location) => {
      throw source.error(
        GroupingError,
        `column "${name}" must appear in groupBy or be used in an aggregate function`,
        `Add it to groupBy, or aggregate it: max(${name}).`,
        location,
      );
    },
  };
  const compiler = new Compiler(source, scope, hook);
  const typed = expecting(compiler, compiler.compile(parseExpression(source)), undefined);
  return {
    type: typed.type,
    text,
    accumulators: calls,
    finish: (results, readGroup) =>
      typed.evaluate((slot) => (slot >= GROUP_SLOT ? readGroup(slot - GROUP_SLOT) : results[slot]!)),
  };
}

/** Within an aggregate there is no other one. */
const nested = (source: SourceText): CallHook => ({
  call: (name, { location }) => {
    if (!isAggregate(name)) return undefined;
    throw source.error(
      GroupingError,
      'aggregate function calls cannot be nested',
      'Use two aggregate stages.',
      location,
    );
  },
  known: () => undefined,
  column: () => undefined,
});

function aggregateCall(
  name: string,
  content: Content,
  compiler: Compiler,
): { readonly call: AggregateCall; readonly type: SqlType } {
  const { args = [], location } = content;
  if (content.agg_order !== undefined)
    throw compiler.source.error(
      Unsupported,
      'ORDER BY within an aggregate is not supported',
      'Rows are taken in the order they come in.',
      location,
    );
  const compiled = (args as readonly Node[]).map((arg) => compiler.compile(arg));
  const { accumulate, type, inputs } = aggregateOf(compiler, name, compiled, content);
  const filter =
    content.agg_filter === undefined ? undefined : compiler.condition(content.agg_filter as Node, 'FILTER').evaluate;
  const call = content.agg_distinct === true ? distinctly(accumulate, inputs) : plainly(accumulate, inputs);
  if (filter === undefined) return { call, type };
  return {
    type,
    call: {
      ...call,
      accumulate: (accumulator, read) => (filter(read) === true ? call.accumulate(accumulator, read) : accumulator),
    },
  };
}

const plainly = ({ create, add, combine, result }: Accumulate, inputs: readonly Typed[]): AggregateCall => ({
  create,
  accumulate: (accumulator, read) =>
    add(
      accumulator,
      inputs.map(({ evaluate }) => evaluate(read)),
    ),
  combine,
  result,
});

/** Keeps the different inputs, and aggregates them in the end. */
function distinctly({ create, add, result }: Accumulate, inputs: readonly Typed[]): AggregateCall {
  type Seen = Map<string, readonly SqlValue[]>;
  return {
    create: (): Seen => new Map(),
    accumulate: (accumulator, read) => {
      const values = inputs.map(({ evaluate }) => evaluate(read));
      const key = values.map((value, index) => keyOf(inputs[index]!.type, value)).join('\u0000');
      const seen = accumulator as Seen;
      if (!seen.has(key)) seen.set(key, values);
      return seen;
    },
    combine: (left, right) => {
      for (const [key, values] of right as Seen) if (!(left as Seen).has(key)) (left as Seen).set(key, values);
      return left;
    },
    result: (accumulator) => {
      let state = create();
      for (const values of (accumulator as Seen).values()) state = add(state, values);
      return result(state);
    },
  };
}

/** Equal values have equal keys: numerics without zeros at the end. */
function keyOf(type: SqlType, value: SqlValue): string {
  const text = encodeText(type, value);
  if (text === null) return '\u0001';
  if (type.name === 'numeric' && text.includes('.')) return text.replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}

/** A parse tree as a text without the places of its nodes. */
const withoutPlace = (node: Node): string =>
  JSON.stringify(node, (key, value: unknown) => (/^(location|rexpr_list_|list_)/.test(key) ? undefined : value));

/** The same tree, or two names of the same column. */
function sameNode(group: string, node: Node, scope: Scope): boolean {
  if (withoutPlace(node) === group) return true;
  const [left, right] = [columnOf(JSON.parse(group) as Node), columnOf(node)];
  if (left === undefined || right === undefined) return false;
  const [a, b] = [scope.resolve(left), scope.resolve(right)];
  return a !== undefined && a.slot === b?.slot;
}

function columnOf(node: Node): readonly string[] | undefined {
  const { ColumnRef } = node as {
    readonly ColumnRef?: { readonly fields: readonly { readonly String?: { readonly sval: string } }[] };
  };
  return ColumnRef?.fields.map((field) => field.String?.sval ?? '*');
}
