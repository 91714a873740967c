import {
  ByteOutput,
  beforeColumns,
  type ChangeBatch,
  eventMetadata,
  NO_TRANSACTION,
  NO_TUPLE,
  NULL,
  type TableSchema,
  TupleCursor,
} from '@millrace/formats';

const START_BYTES = 2_048;

/** What a row costs besides its tuple. */
const ROW_BYTES = 120;

interface BufferedRow {
  readonly op: string;
  readonly lsn: string | null;
  readonly index: number | null;
  readonly commitTimeUs: bigint | null;
  /** Offset of its tuple, or `NO_TUPLE`. */
  readonly tuple: number;
  /** The tuple is one of before the change: only the columns that such a one holds are known. */
  readonly isBefore: boolean;
}

/** Rows of a row group to be, as tuples: they take a tenth of what values would. */
export class RowBuffer {
  readonly #schema: TableSchema;
  readonly #known: ReadonlySet<number>;
  readonly #tuples = new ByteOutput(START_BYTES);
  readonly #cursor = new TupleCursor();
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #rows: BufferedRow[] = [];

  constructor(schema: TableSchema) {
    this.#schema = schema;
    this.#known = new Set(beforeColumns(schema).map(({ field }) => field));
  }

  get length(): number {
    return this.#rows.length;
  }

  get byteCount(): number {
    return this.#tuples.buffer.length + this.#rows.length * ROW_BYTES;
  }

  get rows(): readonly BufferedRow[] {
    return this.#rows;
  }

  add(batch: ChangeBatch, index: number): void {
    const after = batch.after[index]!;
    const offset = after === NO_TUPLE ? batch.before[index]! : after;
    const transaction = batch.transactionOf[index]!;
    const { __op, __lsn, __index } = eventMetadata(batch, index);
    this.#rows.push({
      op: __op,
      lsn: __lsn,
      index: __index,
      commitTimeUs: transaction === NO_TRANSACTION ? null : batch.transactions[transaction]!.commitTimeUs,
      tuple: offset === NO_TUPLE ? NO_TUPLE : this.#tuples.length,
      isBefore: after === NO_TUPLE,
    });
    if (offset === NO_TUPLE) return;
    this.#cursor.read(batch.bytes, offset);
    this.#tuples.put(batch.bytes.subarray(offset, this.#cursor.end));
  }

  /** Texts of a column, `null` where there is none: NULL, unknown, or not resent. */
  texts(field: number): (string | null)[] {
    return this.#rows.map(({ tuple, isBefore }) => {
      if (tuple === NO_TUPLE || (isBefore && !this.#known.has(field))) return null;
      this.#cursor.read(this.#tuples.buffer, tuple);
      const length = this.#cursor.lengths[field]!;
      if (length < 0) return null;
      const start = this.#cursor.starts[field]!;
      return this.#decoder.decode(this.#tuples.buffer.subarray(start, start + length));
    });
  }

  /** For each row the names of columns that were not resent. */
  unchanged(): string[][] {
    return this.#rows.map(({ tuple }) => {
      if (tuple === NO_TUPLE) return [];
      this.#cursor.read(this.#tuples.buffer, tuple);
      const { lengths } = this.#cursor;
      return this.#schema.columns.filter(({ field }) => lengths[field]! < NULL).map(({ name }) => name);
    });
  }

  clear(): void {
    this.#rows = [];
    this.#tuples.clear();
  }
}
