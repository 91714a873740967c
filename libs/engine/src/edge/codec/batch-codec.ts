import type { Batch, ColumnBatch, RowBatch } from '../../contract/batch.ts';
import { detach } from '../transfer.ts';
import { ColumnDecoder, ColumnEncoder, type PostedValues } from './column-codec.ts';

/** A batch without those of its values that are encoded beside it. */
export interface CodedBatch {
  readonly kind: 'coded';
  readonly batch: RowBatch | ColumnBatch;
  /** The rows; or by column, where the column is encoded. */
  readonly encoded: readonly (PostedValues | undefined)[];
}

/** What is posted for a batch, and the buffers that go along. */
export interface PostedBatch {
  readonly message: Batch | CodedBatch;
  readonly transfer: ArrayBuffer[];
}

const NO_ROWS: readonly never[] = [];

/**
 * Makes batches into messages to another thread. Rows, and columns of JavaScript values, are encoded column by column into buffers that are
 * transferred, where the values have a kind in common; else structured clone takes them. What arrives is what structured clone
 * would have made, except that two references to one object become two equal objects.
 */
export class BatchEncoder {
  /** By column; the first one is that of rows as well. */
  readonly #columns: ColumnEncoder[] = [];

  encode(batch: Batch): PostedBatch {
    if (batch.kind === 'rows') return this.#encodeRows(batch);
    if (batch.kind === 'columns' && batch.columns.some(Array.isArray)) return this.#encodeColumns(batch);
    const { batch: message, transfer } = detach(batch);
    return { message, transfer };
  }

  #encodeRows(batch: RowBatch): PostedBatch {
    return posted(batch, [this.#column(0).encode(batch.rows)], () => ({ ...batch, rows: NO_ROWS }));
  }

  #encodeColumns(batch: ColumnBatch): PostedBatch {
    const { length } = batch;
    const encoded = batch.columns.map((values, index) => {
      if (!Array.isArray(values)) return undefined;
      return this.#column(index).encode(values.length > length ? values.slice(0, length) : values);
    });
    return posted(batch, encoded, () => ({
      ...batch,
      columns: batch.columns.map((values, index) => (encoded[index] === undefined ? values : NO_ROWS)),
    }));
  }

  #column(index: number): ColumnEncoder {
    this.#columns[index] ??= new ColumnEncoder();
    return this.#columns[index];
  }
}

/** Nothing encoded: the batch itself. */
function posted(
  batch: RowBatch | ColumnBatch,
  encoded: readonly (PostedValues | undefined)[],
  rest: () => RowBatch | ColumnBatch,
): PostedBatch {
  const buffers = encoded.flatMap((values) => (values === undefined ? [] : [values.bytes]));
  const { batch: message, transfer } = detach(buffers.length === 0 ? batch : rest());
  if (buffers.length === 0) return { message, transfer };
  transfer.push(...buffers);
  return { message: { kind: 'coded', batch: message as RowBatch | ColumnBatch, encoded }, transfer };
}

/** The other end of a `BatchEncoder`'s stream. */
export class BatchDecoder {
  readonly #columns: ColumnDecoder[] = [];

  decode({ batch, encoded }: CodedBatch): Batch {
    const decoded = encoded.map((values, index) => {
      if (values === undefined) return undefined;
      this.#columns[index] ??= new ColumnDecoder();
      return this.#columns[index].decode(values);
    });
    if (batch.kind === 'rows') return { ...batch, rows: decoded[0]! };
    return { ...batch, columns: batch.columns.map((values, index) => decoded[index] ?? values) };
  }
}
