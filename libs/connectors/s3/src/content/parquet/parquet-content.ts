import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { ChangeBatch, TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import type { S3Stage } from '../../config.ts';
import { ValueNotResent, ValueUnsupported } from '../../errors.ts';
import type { ContentFormat, ContentOptions, ObjectContent } from '../object-content.ts';
import { METADATA_ELEMENTS, type ParquetColumn, parquetColumns } from './parquet-schema.ts';
import { NotRepresentable } from './parquet-value.ts';
import { RowBuffer } from './row-buffer.ts';

/** A row group is written when its rows take this as tuples; its values take several times that for a moment. */
const ROW_GROUP_BYTES = 8_388_608;
const ROW_GROUP_ROWS_MAX = 65_536;

const CODEC = { none: 'UNCOMPRESSED', gzip: 'GZIP', zstd: 'ZSTD' } as const;
const COMPRESSORS = {
  GZIP: (bytes: Uint8Array): Uint8Array => gzipSync(bytes),
  ZSTD: (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes),
};

export const parquetFormat = (stage: S3Stage): ContentFormat => ({
  extension: 'parquet',
  create: (options) => new ParquetContent(stage, options),
});

/** A Parquet file: rows are gathered as tuples, and written a row group at a time. */
class ParquetContent implements ObjectContent {
  readonly #options: ContentOptions;
  readonly #hasMetadata: boolean;
  readonly #columns: readonly ParquetColumn[];
  readonly #rows: RowBuffer;
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;

  constructor({ metadata, compression }: S3Stage, options: ContentOptions) {
    this.#options = options;
    this.#hasMetadata = metadata;
    this.#columns = parquetColumns(options.schema);
    this.#rows = new RowBuffer(options.schema);
    const elements = [...(metadata ? METADATA_ELEMENTS : []), ...this.#columns.map(({ element }) => element)];
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [{ name: 'root', num_children: elements.length }, ...elements],
      codec: CODEC[compression],
      compressors: COMPRESSORS,
      createdBy: 'millrace',
    });
  }

  get heldBytes(): number {
    return this.#rows.byteCount + this.#bytes.buffer.byteLength;
  }

  append(batch: ChangeBatch, from: number, to: number): number {
    let index = from;
    while (index < to && !this.#isFull()) this.#rows.add(batch, index++);
    if (this.#isFull()) this.#writeGroup();
    return index;
  }

  async finish(): Promise<void> {
    this.#writeGroup();
    await this.#writer.finish();
    this.#handOver();
  }

  discard(): void {
    this.#rows.clear();
  }

  #isFull(): boolean {
    return this.#rows.byteCount >= ROW_GROUP_BYTES || this.#rows.length >= ROW_GROUP_ROWS_MAX;
  }

  #writeGroup(): void {
    if (this.#rows.length === 0) return;
    const unchanged = this.#rows.unchanged();
    const columnData = this.#hasMetadata ? this.#metadata(unchanged) : [];
    if (!this.#hasMetadata) this.#refuseUnchanged(unchanged.find((names) => names.length > 0));
    const { columns } = this.#options.schema;
    this.#columns.forEach((column, index) => {
      const texts = this.#rows.texts(columns[index]!.field);
      columnData.push({ name: column.element.name, data: texts.map((text) => this.#value(column, text)) });
    });
    void this.#writer.write({ columnData, rowGroupSize: this.#rows.length });
    this.#rows.clear();
    this.#handOver();
  }

  #metadata(unchanged: readonly (readonly string[])[]): ColumnSource[] {
    const { rows } = this.#rows;
    const { id } = this.#options.schema;
    return [
      { name: '__op', data: rows.map(({ op }) => op) },
      { name: '__table', data: rows.map(() => id) },
      { name: '__lsn', data: rows.map(({ lsn }) => lsn) },
      { name: '__index', data: rows.map(({ index }) => index) },
      { name: '__commit_time', data: rows.map(({ commitTimeUs }) => commitTimeUs) },
      { name: '__unchanged', data: unchanged.map((names) => (names.length === 0 ? null : names.join(' '))) },
    ];
  }

  #value({ element, decode }: ParquetColumn, text: string | null): unknown {
    if (text === null) return null;
    try {
      return decode(text);
    } catch (error) {
      if (!(error instanceof NotRepresentable)) throw error;
      throw valueUnsupported(this.#options.schema, element.name, error.message);
    }
  }

  #refuseUnchanged(names: readonly string[] | undefined): void {
    if (names === undefined) return;
    const { id } = this.#options.schema;
    throw new MillraceError(ValueNotResent, {
      message: `an update of ${id} came without its large value of "${names[0]}", which PostgreSQL does not resend when it did not change; Parquet without metadata can't say so`,
      mend: 'Set metadata to true (then the column __unchanged names it), or leave the column out with a select stage.',
      details: { table: id, column: names[0] },
    });
  }

  /** Gives away what is written. */
  #handOver(): void {
    this.#options.store(this.#bytes.getBytes().slice());
    this.#bytes.index = 0;
  }
}

const valueUnsupported = ({ id }: TableSchema, column: string, reason: string): MillraceError =>
  new MillraceError(ValueUnsupported, {
    message: `a value of "${column}" of ${id} ${reason}, which its Parquet type does not have`,
    mend: `Select the column as text ("${column}": "${column}::text"), or write ndjson.`,
    details: { table: id, column },
  });
