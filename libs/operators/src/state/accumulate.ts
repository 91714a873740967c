import {
  type AccumulatorColumn,
  type AccumulatorLayout,
  type Accumulators,
  emptyValue,
  isNumeric,
} from './accumulator-layout.ts';
import { RowLists } from './row-lists.ts';

/** Values of a column for the rows of a batch; absent where the column needs none (`count`). */
export type Values = Float64Array | readonly unknown[] | undefined;

/** Empty accumulators for `capacity` slots that are emptied all at once: lists are packed. */
export function makePackedColumns(layout: AccumulatorLayout, capacity: number): Accumulators[] {
  const columns = makeColumns(layout, capacity);
  return columns.map((column, index) => (layout.columns[index]!.op === 'list' ? new RowLists(capacity) : column));
}

/** Empty accumulators for `capacity` slots. */
export function makeColumns(layout: AccumulatorLayout, capacity: number): Accumulators[] {
  return layout.columns.map(({ op }) => {
    if (!isNumeric(op)) return new Array<unknown>(capacity).fill(undefined);
    const column = new Float64Array(capacity);
    const empty = emptyValue(op);
    return empty === 0 ? column : column.fill(empty);
  });
}

/** The same accumulators with room for more slots. */
export function growColumns(
  layout: AccumulatorLayout,
  columns: readonly Accumulators[],
  capacity: number,
): Accumulators[] {
  return columns.map((column, index) => {
    const { op } = layout.columns[index]!;
    if (column instanceof RowLists) {
      column.grow(capacity);
      return column;
    }
    if (!isNumeric(op)) {
      const larger = column as unknown[];
      while (larger.length < capacity) larger.push(undefined);
      return larger;
    }
    const larger = new Float64Array(capacity);
    if (emptyValue(op) !== 0) larger.fill(emptyValue(op), column.length);
    larger.set(column as Float64Array);
    return larger;
  });
}

/** Makes the accumulators of one slot empty. */
export function clearSlot(layout: AccumulatorLayout, columns: readonly Accumulators[], slot: number): void {
  for (let index = 0; index < columns.length; index++) {
    const { op } = layout.columns[index]!;
    const column = columns[index]!;
    if (column instanceof RowLists) column.clear(slot, slot + 1);
    else column[slot] = isNumeric(op) ? emptyValue(op) : undefined;
  }
}

/** Adds rows: value i belongs to slot `slots[i]`. */
export function accumulate(
  layout: AccumulatorLayout,
  spec: AccumulatorColumn,
  column: Accumulators,
  slots: Int32Array,
  values: Values,
  from: number,
  to: number,
  input: number,
): void {
  switch (spec.op) {
    case 'count':
      addOnes(column as Float64Array, slots, from, to);
      break;
    case 'sum':
      addValues(column as Float64Array, slots, values as Float64Array, from, to);
      break;
    case 'min':
      lowerValues(column as Float64Array, slots, values as Float64Array, from, to);
      break;
    case 'max':
      raiseValues(column as Float64Array, slots, values as Float64Array, from, to);
      break;
    case 'list':
      if (column instanceof RowLists) column.push(slots, values as readonly unknown[], from, to);
      else pushValues(column as (unknown[] | undefined)[], slots, values as readonly unknown[], from, to);
      break;
    case 'object':
      accumulateObjects(layout, column as unknown[], slots, values as readonly unknown[], from, to, input);
  }
}

/** Adds partial accumulators: value i goes to slot `slots[i]`. */
export function combine(
  layout: AccumulatorLayout,
  spec: AccumulatorColumn,
  column: Accumulators,
  slots: Int32Array,
  partials: Values,
  from: number,
  to: number,
): void {
  switch (spec.op) {
    case 'count':
    case 'sum':
      addValues(column as Float64Array, slots, partials as Float64Array, from, to);
      break;
    case 'min':
      lowerValues(column as Float64Array, slots, partials as Float64Array, from, to);
      break;
    case 'max':
      raiseValues(column as Float64Array, slots, partials as Float64Array, from, to);
      break;
    case 'list': {
      const lists = column as (unknown[] | undefined)[];
      for (let index = from; index < to; index++) {
        const more = (partials as readonly unknown[])[index] as readonly unknown[] | undefined;
        if (more === undefined) continue;
        if (column instanceof RowLists) {
          column.append(slots[index]!, more);
          continue;
        }
        const list = lists[slots[index]!];
        if (list === undefined) lists[slots[index]!] = [...more];
        else for (const value of more) list.push(value);
      }
      break;
    }
    case 'object': {
      const { aggregate } = layout;
      const objects = column as unknown[];
      for (let index = from; index < to; index++) {
        const slot = slots[index]!;
        const left = objects[slot];
        const right = (partials as readonly unknown[])[index];
        // The partial may belong to a frame that goes on living: what is combined into starts as an accumulator of its own.
        objects[slot] = aggregate.combine!(left === undefined ? aggregate.create() : left, right);
      }
    }
  }
}

function addOnes(column: Float64Array, slots: Int32Array, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    const slot = slots[index]!;
    column[slot] = column[slot]! + 1;
  }
}

function addValues(column: Float64Array, slots: Int32Array, values: Float64Array, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    const slot = slots[index]!;
    column[slot] = column[slot]! + values[index]!;
  }
}

function lowerValues(column: Float64Array, slots: Int32Array, values: Float64Array, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    const slot = slots[index]!;
    if (values[index]! < column[slot]!) column[slot] = values[index]!;
  }
}

function raiseValues(column: Float64Array, slots: Int32Array, values: Float64Array, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    const slot = slots[index]!;
    if (values[index]! > column[slot]!) column[slot] = values[index]!;
  }
}

function pushValues(
  column: (unknown[] | undefined)[],
  slots: Int32Array,
  values: readonly unknown[],
  from: number,
  to: number,
): void {
  for (let index = from; index < to; index++) {
    const slot = slots[index]!;
    const value = values[index];
    const list = column[slot];
    // V8 makes room for 17 elements at the first `push`: with many keys of few rows each, that room is most of the memory.
    if (list === undefined) column[slot] = [value];
    else if (list.length === 1) column[slot] = [list[0], value];
    else if (list.length === 2) column[slot] = [list[0], list[1], value];
    else if (list.length === 3) column[slot] = [list[0], list[1], list[2], value];
    else list.push(value);
  }
}

function accumulateObjects(
  { aggregate }: AccumulatorLayout,
  column: unknown[],
  slots: Int32Array,
  rows: readonly unknown[],
  from: number,
  to: number,
  input: number,
): void {
  const add = aggregate.accumulate[input] as (accumulator: unknown, row: unknown) => unknown;
  for (let index = from; index < to; index++) {
    const slot = slots[index]!;
    const accumulator = column[slot];
    column[slot] = add(accumulator === undefined ? aggregate.create() : accumulator, rows[index]);
  }
}
