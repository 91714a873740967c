import type { Key, KeyOf } from '../contract/key.ts';
import type { LoopNames, LoopTerminal } from '../loop/loop-terminal.ts';
import type { AccumulatorColumn } from './accumulator-layout.ts';

const CAPACITY_START = 8_192;

/** Values that the terminal takes of each row for one column; `undefined` for a column that needs none. */
export type ValueColumn = Float64Array | unknown[] | undefined;

export interface KeyedTerminalOptions {
  /** Absent: all rows have one key. */
  readonly keyOf: KeyOf | undefined;
  readonly columns: readonly AccumulatorColumn[];
  readonly input: number;
  /** The rows themselves are wanted as well. */
  readonly keepsRows: boolean;
  /** The owner can make do with `indexes`. */
  readonly takesIndexes?: boolean | undefined;
}

/**
 * The end of a loop that feeds keyed accumulators: it leaves key, time and the accumulators' values of every row in arrays, which
 * are used again for the next batch. Keys go into an `Int32Array` until the first that is not a 32-bit integer comes.
 */
export class KeyedTerminal implements LoopTerminal {
  readonly args: readonly unknown[];
  count = 0;
  intKeys: Int32Array | undefined = new Int32Array(CAPACITY_START);
  anyKeys: Key[] = [];
  times = new Float64Array(CAPACITY_START);
  readonly values: ValueColumn[];
  rows: unknown[] = [];
  /** Where a list takes rows as they are in the columns of the batch: their numbers, instead of the rows. */
  indexes: Int32Array | undefined;
  readonly #options: KeyedTerminalOptions;
  #capacity = CAPACITY_START;
  #indexes = new Int32Array(0);

  constructor(options: KeyedTerminalOptions) {
    this.#options = options;
    this.values = options.columns.map((column) => makeValues(column, options.input, CAPACITY_START));
    const functions = options.columns.map(({ of }) => of);
    this.args = [this, options.keyOf, ...functions];
  }

  /** Keys of the rows, in the form they are kept in now. */
  get keys(): Int32Array | readonly Key[] {
    return this.intKeys ?? this.anyKeys;
  }

  /** Forgets the rows of the batch before. */
  clear(): void {
    this.count = 0;
    this.anyKeys.length = 0;
    this.rows.length = 0;
    this.indexes = undefined;
    for (const values of this.values) if (Array.isArray(values)) values.length = 0;
  }

  code({ row, time, index: number, argument }: LoopNames): {
    readonly before: string;
    readonly row: string;
    readonly after: string;
  } {
    const { keyOf, keepsRows } = this.#options;
    const self = argument(0);
    const list = number === undefined ? -1 : this.#rowList();
    const load = `K = ${self}.intKeys; T = ${self}.times; ${this.values.map((_, i) => `V${i} = ${self}.values[${i}];`).join(' ')} cap = ${self}.capacity;${list < 0 ? '' : ` X = ${self}.useIndexes();`}`;
    const names = ['K', 'T', ...this.values.map((_, i) => `V${i}`), 'cap', 'X'];
    const stores = this.values.map((values, index) => {
      if (values === undefined) return '';
      if (index === list) return `X[m] = ${number};`;
      const of = this.#options.columns[index]!.of;
      return `V${index}[m] = ${of === undefined ? row : `${argument(2 + index)}(${row})`};`;
    });
    const key = keyOf === undefined ? '0' : `${argument(1)}(${row})`;
    return {
      before: `let ${names.join(', ')}; let m = ${self}.count; ${load} let any = K === undefined ? ${self}.anyKeys : undefined; const R = ${self}.rows;`,
      row: [
        `if (m === cap) { ${self}.grow(); ${load} }`,
        `const k = ${key};`,
        `if (any !== undefined) any[m] = k; else if ((k | 0) === k) K[m] = k; else { any = ${self}.leaveIntegers(m); any[m] = k; }`,
        `T[m] = ${time};`,
        ...stores,
        keepsRows ? `R[m] = ${row};` : '',
        'm++;',
      ].join(' '),
      after: `${self}.count = m;`,
    };
  }

  get capacity(): number {
    return this.#capacity;
  }

  receive(row: unknown, timeMs: number): void {
    const { keyOf, columns, keepsRows } = this.#options;
    if (this.count === this.#capacity) this.grow();
    const at = this.count;
    const key = keyOf === undefined ? 0 : keyOf(row);
    if (this.intKeys === undefined) this.anyKeys[at] = key;
    else if (typeof key === 'number' && (key | 0) === key) this.intKeys[at] = key;
    else this.leaveIntegers(at)[at] = key;
    this.times[at] = timeMs;
    columns.forEach(({ of }, index) => {
      const values = this.values[index];
      if (values !== undefined) values[at] = (of === undefined ? row : of(row)) as never;
    });
    if (keepsRows) this.rows[at] = row;
    this.count = at + 1;
  }

  /** Called by a loop that leaves numbers of rows. */
  useIndexes(): Int32Array {
    if (this.#indexes.length < this.#capacity) this.#indexes = enlarged(this.#indexes, new Int32Array(this.#capacity));
    this.indexes = this.#indexes;
    return this.#indexes;
  }

  /** Index of the value column that takes the rows themselves; -1 without one. */
  #rowList(): number {
    const { columns, takesIndexes } = this.#options;
    return takesIndexes === true
      ? columns.findIndex(({ op, of }, index) => op === 'list' && of === undefined && this.values[index] !== undefined)
      : -1;
  }

  /** Doubles the arrays; called by the loop. */
  grow(): void {
    this.#capacity *= 2;
    if (this.intKeys !== undefined) this.intKeys = enlarged(this.intKeys, new Int32Array(this.#capacity));
    this.times = enlarged(this.times, new Float64Array(this.#capacity));
    this.values.forEach((values, index) => {
      if (values instanceof Float64Array) this.values[index] = enlarged(values, new Float64Array(this.#capacity));
    });
  }

  /** From now on keys of any type: those of the first `count` rows are copied. Called by the loop. */
  leaveIntegers(count: number): Key[] {
    this.anyKeys = Array.from(this.intKeys!.subarray(0, count));
    this.intKeys = undefined;
    return this.anyKeys;
  }
}

function makeValues({ op, input }: AccumulatorColumn, own: number, capacity: number): ValueColumn {
  if (op === 'count' || (input !== undefined && input !== own)) return undefined;
  return op === 'list' || op === 'object' ? [] : new Float64Array(capacity);
}

function enlarged<A extends Int32Array | Float64Array>(old: A, larger: A): A {
  larger.set(old as never);
  return larger;
}
