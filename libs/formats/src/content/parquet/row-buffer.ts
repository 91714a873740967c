import { type ChangeBatch, NO_TRANSACTION, NO_TUPLE, type SourceTransaction } from '../../change/change-batch.ts';
import { formatLsn } from '../../change/position.ts';
import { beforeColumns } from '../../change/rows.ts';
import { type TableSchema } from '../../change/table-schema.ts';
import { NULL, TupleCursor } from '../../change/tuple.ts';
import { ByteOutput } from '../../json/byte-output.ts';
import type { ColumnTexts } from './column-chunk.ts';

const START_BYTES = 2_048;
const ROWS_START = 64;

/** What a row costs besides its tuple, and a transaction. */
const ROW_BYTES = 14;
const TRANSACTION_BYTES = 128;

/** Where the texts of a row group are, column by column. One for all objects of a writer: it is used for a moment only. */
export class Grid {
  #starts = new Int32Array(0);
  #lengths = new Int32Array(0);

  /** Room for so many columns and rows; what was given before is lost. */
  columns(columnCount: number, rows: number): Pick<ColumnTexts, 'starts' | 'lengths'>[] {
    const cells = columnCount * rows;
    if (this.#starts.length < cells) {
      this.#starts = new Int32Array(cells);
      this.#lengths = new Int32Array(cells);
    }
    return Array.from({ length: columnCount }, (_, column) => ({
      starts: this.#starts.subarray(column * rows, (column + 1) * rows),
      lengths: this.#lengths.subarray(column * rows, (column + 1) * rows),
    }));
  }
}

/** Rows of a row group to be, as tuples: they take a tenth of what values would. */
export class RowBuffer {
  readonly #schema: TableSchema;
  readonly #grid: Grid;
  readonly #known: ReadonlySet<number>;
  readonly #tuples = new ByteOutput(START_BYTES);
  readonly #cursor = new TupleCursor();
  #op = new Uint8Array(ROWS_START);
  /** Offset of each row's tuple, or `NO_TUPLE`. */
  #tuple = new Int32Array(ROWS_START);
  /** The tuple is one of before the change: only the columns that such a one holds are known. */
  #isBefore = new Uint8Array(ROWS_START);
  #index = new Uint32Array(ROWS_START);
  /** Index into `#transactions`, or `NO_TRANSACTION`. */
  #transaction = new Uint32Array(ROWS_START);
  #transactions: SourceTransaction[] = [];
  length = 0;

  constructor(schema: TableSchema, grid: Grid) {
    this.#schema = schema;
    this.#grid = grid;
    this.#known = new Set(beforeColumns(schema).map(({ field }) => field));
  }

  /** Memory. */
  get heldBytes(): number {
    const transactions = this.#transactions.length * TRANSACTION_BYTES;
    return this.#tuples.buffer.length + this.#op.length * ROW_BYTES + transactions;
  }

  /** Of the tuples. */
  get byteCount(): number {
    return this.#tuples.length;
  }

  add(batch: ChangeBatch, index: number): void {
    if (this.length === this.#op.length) this.#grow();
    const row = this.length++;
    const after = batch.after[index]!;
    const offset = after === NO_TUPLE ? batch.before[index]! : after;
    this.#op[row] = batch.op[index]!;
    this.#index[row] = batch.indexInTransaction[index]!;
    this.#transaction[row] = this.#transactionOf(batch, index);
    this.#isBefore[row] = after === NO_TUPLE ? 1 : 0;
    this.#tuple[row] = offset === NO_TUPLE ? NO_TUPLE : this.#tuples.length;
    if (offset === NO_TUPLE) return;
    this.#cursor.read(batch.bytes, offset);
    this.#tuples.put(batch.bytes.subarray(offset, this.#cursor.end));
  }

  /** Texts of the table's columns: NULL where there is none, or it is unknown or was not resent. Valid until the next call of any buffer with this grid. */
  columns(): ColumnTexts[] {
    const { columns } = this.#schema;
    const places = this.#grid.columns(columns.length, this.length);
    const known = columns.map(({ field }) => this.#known.has(field));
    for (let row = 0; row < this.length; row++) {
      const hasTuple = this.#read(row);
      for (let column = 0; column < columns.length; column++) {
        const { field } = columns[column]!;
        const place = places[column]!;
        const isKnown = hasTuple && (this.#isBefore[row] === 0 || known[column]!);
        place.lengths[row] = isKnown ? this.#cursor.lengths[field]! : NULL;
        place.starts[row] = this.#cursor.starts[field]!;
      }
    }
    return places.map((place) => ({ bytes: this.#tuples.buffer, ...place }));
  }

  /** Names of the columns that were not resent, by row. @param texts what `columns` gave */
  unchanged(texts: readonly ColumnTexts[]): Map<number, string> {
    const found = new Map<number, string>();
    texts.forEach(({ lengths }, column) => {
      const { name } = this.#schema.columns[column]!;
      for (let row = 0; row < this.length; row++) {
        if (lengths[row]! >= NULL) continue;
        const others = found.get(row);
        found.set(row, others === undefined ? name : `${others} ${name}`);
      }
    });
    return found;
  }

  /** Texts of the columns before the table's own, in the order of `METADATA_COLUMNS`. */
  metadata(unchanged: ReadonlyMap<number, string>): ColumnTexts[] {
    const positions = this.#transactions.map(({ commitLsn }) => formatLsn(commitLsn));
    const times = this.#transactions.map(({ commitTimeUs }) => String(commitTimeUs));
    const isLoaded = (row: number): boolean => this.#transaction[row] === NO_TRANSACTION;
    return [
      this.#texts((row) => String.fromCharCode(this.#op[row]!)),
      this.#texts(() => this.#schema.id),
      this.#texts((row) => positions[this.#transaction[row]!] ?? null),
      this.#texts((row) => (isLoaded(row) ? null : String(this.#index[row]))),
      this.#texts((row) => times[this.#transaction[row]!] ?? null),
      this.#texts((row) => unchanged.get(row) ?? null),
    ];
  }

  clear(): void {
    this.length = 0;
    this.#transactions = [];
    // The next row group is about as large.
    this.#tuples.length = 0;
  }

  #read(row: number): boolean {
    const tuple = this.#tuple[row]!;
    if (tuple === NO_TUPLE) return false;
    this.#cursor.read(this.#tuples.buffer, tuple);
    return true;
  }

  #texts(textOf: (row: number) => string | null): ColumnTexts {
    const output = new ByteOutput(START_BYTES);
    const starts = new Int32Array(this.length);
    const lengths = new Int32Array(this.length);
    const known = new Map<string, number>();
    for (let row = 0; row < this.length; row++) {
      const text = textOf(row);
      const first = text === null ? undefined : known.get(text);
      if (text === null || first !== undefined) {
        lengths[row] = first === undefined ? NULL : lengths[first]!;
        starts[row] = first === undefined ? 0 : starts[first]!;
        continue;
      }
      known.set(text, row);
      starts[row] = output.length;
      output.put(Buffer.from(text));
      lengths[row] = output.length - starts[row]!;
    }
    return { bytes: output.buffer, starts, lengths };
  }

  #transactionOf(batch: ChangeBatch, index: number): number {
    const number = batch.transactionOf[index]!;
    if (number === NO_TRANSACTION) return NO_TRANSACTION;
    const transaction = batch.transactions[number]!;
    if (this.#transactions.at(-1) !== transaction) this.#transactions.push(transaction);
    return this.#transactions.length - 1;
  }

  #grow(): void {
    const larger = <T extends Uint8Array | Int32Array | Uint32Array>(array: T, copy: T): T => {
      copy.set(array);
      return copy;
    };
    const rows = 2 * this.#op.length;
    this.#op = larger(this.#op, new Uint8Array(rows));
    this.#tuple = larger(this.#tuple, new Int32Array(rows));
    this.#isBefore = larger(this.#isBefore, new Uint8Array(rows));
    this.#index = larger(this.#index, new Uint32Array(rows));
    this.#transaction = larger(this.#transaction, new Uint32Array(rows));
  }
}
