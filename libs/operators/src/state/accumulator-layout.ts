import type { AggregateOperation, Primitive } from '../contract/aggregate-operation.ts';
import { RowLists } from './row-lists.ts';

// biome-ignore lint/suspicious/noExplicitAny: operations of every type are kept by one engine
export type AnyAggregate = AggregateOperation<any, any, any>;

/** What a column of accumulators does with the values of an input. `object`: the operation's own accumulators. */
export type ColumnOp = 'count' | 'sum' | 'min' | 'max' | 'list' | 'object';

/** One column of accumulators, indexed by slot. Numbers are kept in a `Float64Array`, lists and objects in an array. */
export interface AccumulatorColumn {
  readonly op: ColumnOp;
  /** The input whose rows it takes; `undefined`: rows of every input are counted. */
  readonly input: number | undefined;
  /** Value of a row; absent for `count` and `object`, and for a `list` of the rows themselves. */
  readonly of: ((row: unknown) => unknown) | undefined;
}

/** The columns that stand for an operation's accumulators. The first one always counts the rows of all inputs: 0 means empty. */
export interface AccumulatorLayout {
  readonly columns: readonly AccumulatorColumn[];
  readonly inputCount: number;
  readonly aggregate: AnyAggregate;
  /** Everything can be taken away again: sums and counts, or an operation with `deduct`. */
  readonly isDeductible: boolean;
  /** Partial accumulators can be put together. */
  readonly isCombinable: boolean;
  /** Result of the accumulators at `slot`. */
  readonly finish: (columns: readonly Accumulators[], slot: number) => unknown;
  /** The result is the number in this column as it is. */
  readonly numberColumn: number | undefined;
}

export type Accumulators = Float64Array | unknown[] | RowLists;

/** The accumulator of a slot; of a list a copy. */
export function accumulatorAt(column: Accumulators, slot: number): unknown {
  if (!(column instanceof RowLists)) return column[slot];
  return column.get(slot);
}

export const isNumeric = (op: ColumnOp): boolean => op !== 'list' && op !== 'object';

/** The value a numeric column has before any row. */
export const emptyValue = (op: ColumnOp): number =>
  op === 'min' ? Number.POSITIVE_INFINITY : op === 'max' ? Number.NEGATIVE_INFINITY : 0;

type Read = (columns: readonly Accumulators[], slot: number) => unknown;

const ROWS: AccumulatorColumn = { op: 'count', input: undefined, of: undefined };

/** Chooses the columns for an operation over `inputCount` inputs. */
export function layoutOf(
  aggregate: AnyAggregate,
  inputCount = aggregate.accumulate.length as number,
): AccumulatorLayout {
  const plan = aggregate.columns;
  if (plan === undefined) return objectLayout(aggregate, inputCount);
  const columns: AccumulatorColumn[] = [ROWS];
  const columnFor = (op: ColumnOp, input: number, of?: (row: unknown) => unknown): number => {
    // With one input its rows are all rows.
    if (op === 'count' && inputCount === 1) return 0;
    const same = columns.findIndex((column) => column.op === op && column.input === input && column.of === of);
    return same >= 0 ? same : columns.push({ op, input, of }) - 1;
  };
  const reads = plan.primitives.map(({ input, primitive }) => readerOf(primitive, input, columnFor));
  const { result } = plan as { readonly result?: ((...values: unknown[]) => unknown) | undefined };
  const finish = result === undefined ? reads[0]! : finisherOf(reads, result);
  const [only] = plan.primitives;
  const isPlain = result === undefined && (only!.primitive.kind === 'count' || only!.primitive.kind === 'sum');
  return {
    columns,
    inputCount,
    aggregate,
    isDeductible: columns.every(({ op }) => op === 'count' || op === 'sum'),
    isCombinable: true,
    finish,
    numberColumn: isPlain ? columns.length - 1 : undefined,
  };
}

/** Called for each key of each window, so the usual numbers of parts go without an array. */
function finisherOf(reads: readonly Read[], result: (...values: unknown[]) => unknown): Read {
  const [a, b, c] = reads as readonly [Read, Read, Read];
  switch (reads.length) {
    case 1:
      return (from, slot) => result(a(from, slot));
    case 2:
      return (from, slot) => result(a(from, slot), b(from, slot));
    case 3:
      return (from, slot) => result(a(from, slot), b(from, slot), c(from, slot));
    default:
      return (from, slot) => result(...reads.map((read) => read(from, slot)));
  }
}

function readerOf(
  primitive: Primitive,
  input: number,
  columnFor: (op: ColumnOp, input: number, of?: (row: unknown) => unknown) => number,
): Read {
  const number =
    (index: number): Read =>
    (columns, slot) =>
      (columns[index] as Float64Array)[slot];
  switch (primitive.kind) {
    case 'count':
      return number(columnFor('count', input));
    case 'sum':
      return number(columnFor('sum', input, primitive.of));
    case 'average': {
      const sum = columnFor('sum', input, primitive.of);
      const count = columnFor('count', input);
      return (columns, slot) => (columns[sum] as Float64Array)[slot]! / (columns[count] as Float64Array)[slot]!;
    }
    case 'min':
    case 'max': {
      const index = columnFor(primitive.kind, input, primitive.of);
      const none = emptyValue(primitive.kind);
      return (columns, slot) => {
        const value = (columns[index] as Float64Array)[slot];
        return value === none ? undefined : value;
      };
    }
    case 'list': {
      const index = columnFor('list', input, primitive.of);
      return (columns, slot) => {
        const column = columns[index]!;
        return column instanceof RowLists
          ? (column.get(slot) ?? [])
          : [...((column[slot] as unknown[] | undefined) ?? [])];
      };
    }
  }
}

function objectLayout(aggregate: AnyAggregate, inputCount: number): AccumulatorLayout {
  return {
    columns: [ROWS, { op: 'object', input: undefined, of: undefined }],
    inputCount,
    aggregate,
    isDeductible: aggregate.deduct !== undefined && aggregate.combine !== undefined,
    isCombinable: aggregate.combine !== undefined,
    finish: (columns, slot) => aggregate.finish((columns[1] as unknown[])[slot] ?? aggregate.create()),
    numberColumn: undefined,
  };
}
