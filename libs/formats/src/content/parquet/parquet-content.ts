import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { type ChangeBatch } from '../../change/change-batch.ts';
import { ByteOutput } from '../../json/byte-output.ts';
import type { ContentCodes, ContentStage } from '../content-format.ts';
import type { ContentFormat, ContentOptions, ObjectContent } from '../object-content.ts';
import { Turns } from '../turns.ts';
import { ColumnEncoder, type ColumnTexts, type EncodedColumn, type StoredColumn, writeChunk } from './column-chunk.ts';
import { METADATA_COLUMNS, type ParquetColumn, parquetColumns } from './parquet-schema.ts';
import { NotRepresentable } from './parquet-value.ts';
import { Grid, RowBuffer } from './row-buffer.ts';
import { ParquetRowCheck, valueNotResent, valueUnsupported } from './row-check.ts';

/** A row group is written when its rows take this as tuples: a little less than a power of two, to which buffers grow. */
const ROW_GROUP_BYTES = 8_000_000;
const ROW_GROUP_ROWS_MAX = 65_536;
/** Of rows and columns: what is noted of each takes eight bytes. */
const ROW_GROUP_CELLS_MAX = 1_048_576;

/** Room for the pages of a row group, kept for the next ones. */
const PAGES_BYTES = 4_194_304;
const SPARE_MAX = 2;

/** Pages come out of compression in pieces of this size. */
const COMPRESSED_BYTES = 262_144;

/** Pages compressed at the same time: zstd takes megabytes for each. */
const COMPRESSING_MAX = 2;

const CODEC = { none: 'UNCOMPRESSED', gzip: 'GZIP', zstd: 'ZSTD' } as const;
const COMPRESS = {
  none: async (bytes: Uint8Array): Promise<Uint8Array> => bytes,
  gzip: (bytes: Uint8Array): Promise<Uint8Array> => promisify(gzip)(bytes, { chunkSize: COMPRESSED_BYTES }),
  zstd: (bytes: Uint8Array): Promise<Uint8Array> =>
    promisify(zstdCompress)(bytes, { chunkSize: COMPRESSED_BYTES, pledgedSrcSize: bytes.length }),
};

interface Shared {
  readonly compression: ContentStage['compression'];
  readonly codes: ContentCodes;
  readonly hasMetadata: boolean;
  readonly encoder: ColumnEncoder;
  readonly grid: Grid;
  readonly turns: Turns;
  /** Room for pages that is free again. */
  readonly spare: ByteOutput[];
}

export function parquetFormat(
  { compression, metadata }: Pick<ContentStage, 'compression' | 'metadata'>,
  codes: ContentCodes,
): ContentFormat {
  const shared: Shared = {
    compression,
    codes,
    hasMetadata: metadata,
    encoder: new ColumnEncoder(),
    grid: new Grid(),
    turns: new Turns(COMPRESSING_MAX),
    spare: [],
  };
  const rows = new ParquetRowCheck(metadata, codes);
  return {
    extension: 'parquet',
    create: (options) => new ParquetContent(shared, options),
    refusal: (batch, index) => rows.refusal(batch, index),
  };
}

/** A Parquet file: rows are gathered as tuples, encoded column by column a row group at a time, and compressed on libuv's threads. */
class ParquetContent implements ObjectContent {
  readonly #shared: Shared;
  readonly #options: ContentOptions;
  readonly #columns: readonly ParquetColumn[];
  readonly #rowsMax: number;
  readonly #rows: RowBuffer;
  readonly #bytes = new ByteWriter();
  readonly #writer: ParquetWriter;
  /** Of row groups that are being compressed. */
  #compressing = 0;
  /** Everything so far is compressed and given away. */
  #tail: Promise<void> = Promise.resolve();
  #isDiscarded = false;

  constructor(shared: Shared, options: ContentOptions) {
    this.#shared = shared;
    this.#options = options;
    this.#columns = parquetColumns(options.schema);
    this.#rows = new RowBuffer(options.schema, shared.grid);
    const elements = [...(shared.hasMetadata ? METADATA_COLUMNS : []), ...this.#columns].map(({ element }) => element);
    this.#rowsMax = Math.min(ROW_GROUP_ROWS_MAX, Math.max(1, Math.floor(ROW_GROUP_CELLS_MAX / elements.length)));
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [{ name: 'root', num_children: elements.length }, ...elements],
      createdBy: 'millrace',
    });
  }

  get heldBytes(): number {
    return this.#rows.heldBytes + this.#compressing + this.#bytes.buffer.byteLength;
  }

  append(batch: ChangeBatch, from: number, to: number): number {
    let index = from;
    while (index < to && !this.#isFull()) this.#rows.add(batch, index++);
    if (this.#isFull()) this.#encodeGroup();
    return index;
  }

  async finish(): Promise<void> {
    this.#encodeGroup();
    await this.#tail;
    await this.#writer.finish();
    this.#handOver();
  }

  discard(): void {
    this.#isDiscarded = true;
    this.#rows.clear();
  }

  #isFull(): boolean {
    return this.#rows.byteCount >= ROW_GROUP_BYTES || this.#rows.length >= this.#rowsMax;
  }

  #encodeGroup(): void {
    const rows = this.#rows.length;
    if (rows === 0) return;
    const { encoder, hasMetadata, spare } = this.#shared;
    const output = spare.pop() ?? new ByteOutput(PAGES_BYTES);
    const texts = this.#rows.columns();
    const unchanged = this.#rows.unchanged(texts);
    if (!hasMetadata) this.#refuseUnchanged(unchanged.values().next().value);
    const encode = (column: ParquetColumn, columnTexts: ColumnTexts): EncodedColumn => {
      try {
        return encoder.encode(output, column, columnTexts, rows);
      } catch (error) {
        if (!(error instanceof NotRepresentable)) throw error;
        throw valueUnsupported(
          this.#shared.codes.valueUnsupported,
          this.#options.schema,
          column.element.name,
          error.message,
        );
      }
    };
    const metadata = hasMetadata ? this.#rows.metadata(unchanged) : [];
    const columns = [
      ...metadata.map((column, index) => encode(METADATA_COLUMNS[index]!, column)),
      ...this.#columns.map((column, index) => encode(column, texts[index]!)),
    ];
    this.#rows.clear();
    this.#compress(columns, rows, output);
  }

  #compress(columns: readonly EncodedColumn[], rows: number, output: ByteOutput): void {
    const { compression, spare, turns } = this.#shared;
    const held = output.buffer.length;
    this.#compressing += held;
    const bytes = ({ start, length }: EncodedColumn['data']): Uint8Array =>
      output.buffer.subarray(start, start + length);
    const compress = (span: EncodedColumn['data']): Promise<Uint8Array> =>
      turns.run(() => COMPRESS[compression](bytes(span)));
    const compressed = Promise.all(
      columns.map(async (encoded): Promise<StoredColumn> => {
        const { dictionary, levels, data } = encoded;
        const [first, second] = await Promise.all([dictionary && compress(dictionary), compress(data)]);
        return { encoded, dictionary: first, levels: bytes(levels), data: second };
      }),
    );
    const before = this.#tail;
    this.#tail = (async () => {
      const stored = await compressed;
      await before;
      if (!this.#isDiscarded) this.#writeGroup(stored, rows);
      this.#compressing -= held;
      output.clear();
      if (spare.length < SPARE_MAX) spare.push(output);
      this.#options.onProgress();
    })();
    this.#tail.catch(this.#options.onFailure);
  }

  #writeGroup(stored: readonly StoredColumn[], rows: number): void {
    const start = this.#bytes.offset;
    const columns = stored.map((column) => writeChunk(this.#bytes, column, CODEC[this.#shared.compression]));
    this.#writer.row_groups.push({
      columns,
      total_byte_size: columns.reduce((sum, { meta_data }) => sum + meta_data!.total_uncompressed_size, 0n),
      num_rows: BigInt(rows),
      total_compressed_size: BigInt(this.#bytes.offset - start),
    });
    this.#writer.num_rows += BigInt(rows);
    this.#handOver();
  }

  #refuseUnchanged(names: string | undefined): void {
    if (names !== undefined)
      throw valueNotResent(this.#shared.codes.valueNotResent, this.#options.schema, names.split(' ')[0]!);
  }

  /** Gives away what is written. */
  #handOver(): void {
    this.#options.store(this.#bytes.getBytes().slice());
    this.#bytes.index = 0;
  }
}
