import type { ColumnChunk, CompressionCodec, Statistics } from 'hyparquet';
import type { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { type ByteOutput } from '../../json/byte-output.ts';
import { Dictionary } from './dictionary.ts';
import type { ParquetColumn } from './parquet-schema.ts';
import { putRleHybrid } from './rle-hybrid.ts';
import { minMax } from './statistics.ts';

const PLAIN = 'PLAIN';
const ALIGNMENT = 8;

/** One column's texts in a row group. */
export interface ColumnTexts {
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  /** Below 0: NULL. */
  readonly lengths: Int32Array;
}

/** Where something is in the output of the encoder. */
interface Span {
  readonly start: number;
  readonly length: number;
}

/** A column of a row group as pages: a dictionary, when the values repeat, and one of data. All before compression. */
export interface EncodedColumn {
  readonly column: ParquetColumn;
  readonly rows: number;
  readonly nulls: number;
  readonly dictionary: (Span & { readonly values: number }) | undefined;
  /** Definition levels, which are never compressed. */
  readonly levels: Span;
  readonly data: Span;
  readonly statistics: Statistics;
}

/** Encodes columns, with room that all of them share. */
export class ColumnEncoder {
  readonly #dictionary = new Dictionary();
  #starts = new Int32Array(0);
  #lengths = new Int32Array(0);
  #levels = new Uint8Array(0);

  /** Adds the column's pages to `output`. @throws NotRepresentable */
  encode(output: ByteOutput, column: ParquetColumn, texts: ColumnTexts, rows: number): EncodedColumn {
    const count = this.#gather(texts, rows);
    const { type, repetition_type } = column.element;
    const { bytes } = texts;
    const isBoolean = type === 'BOOLEAN';
    const hasDictionary = !isBoolean && this.#dictionary.build(bytes, this.#starts, this.#lengths, count);
    const { count: different } = this.#dictionary;
    const plain = spanOf(output, () => this.#putPlain(output, column, bytes, count, hasDictionary));
    const values = output.buffer.subarray(plain.start, plain.start + plain.length);
    const range = minMax(column.element, values, hasDictionary ? different : count);
    const levels = spanOf(output, () => {
      if (repetition_type === 'OPTIONAL') putRleHybrid(output, this.#levels, rows, 1);
    });
    const data = spanOf(output, () => {
      if (isBoolean) putBits(output, plain);
      else if (hasDictionary) this.#putIndexes(output, count);
    });
    return {
      column,
      rows,
      nulls: rows - count,
      dictionary: hasDictionary ? { ...plain, values: different } : undefined,
      levels,
      data: isBoolean || hasDictionary ? data : plain,
      statistics: { ...range, null_count: BigInt(rows - count) },
    };
  }

  /** Takes what is not NULL together, and the levels of all. @returns how many are not NULL */
  #gather({ starts, lengths }: ColumnTexts, rows: number): number {
    if (this.#starts.length < rows) {
      this.#starts = new Int32Array(rows);
      this.#lengths = new Int32Array(rows);
      this.#levels = new Uint8Array(rows);
    }
    let count = 0;
    for (let row = 0; row < rows; row++) {
      const length = lengths[row]!;
      this.#levels[row] = length < 0 ? 0 : 1;
      if (length < 0) continue;
      this.#starts[count] = starts[row]!;
      this.#lengths[count] = length;
      count += 1;
    }
    return count;
  }

  #putPlain(
    output: ByteOutput,
    { plain }: ParquetColumn,
    bytes: Uint8Array,
    count: number,
    isDictionary: boolean,
  ): void {
    const { places, count: different } = this.#dictionary;
    for (let index = 0; index < (isDictionary ? different : count); index++) {
      const place = isDictionary ? places[index]! : index;
      plain(output, bytes, this.#starts[place]!, this.#lengths[place]!);
    }
  }

  #putIndexes(output: ByteOutput, count: number): void {
    const bitWidth = Math.max(1, 32 - Math.clz32(this.#dictionary.count - 1));
    output.put(Uint8Array.of(bitWidth));
    putRleHybrid(output, this.#dictionary.indexes, count, bitWidth);
  }
}

/** What `write` adds to the output; it begins at a multiple of eight. */
function spanOf(output: ByteOutput, write: () => void): Span {
  const padding = -output.length & (ALIGNMENT - 1);
  output.reserve(padding);
  output.length += padding;
  const start = output.length;
  write();
  return { start, length: output.length - start };
}

/** Packs bits that have a byte each. */
function putBits(output: ByteOutput, { start, length }: Span): void {
  const byteCount = Math.ceil(length / 8);
  output.reserve(byteCount);
  const { buffer, length: to } = output;
  buffer.fill(0, to, to + byteCount);
  for (let bit = 0; bit < length; bit++) buffer[to + (bit >> 3)]! |= buffer[start + bit]! << (bit & 7);
  output.length += byteCount;
}

/** The pages of a column as they are stored. */
export interface StoredColumn {
  readonly encoded: EncodedColumn;
  readonly dictionary: Uint8Array | undefined;
  readonly levels: Uint8Array;
  readonly data: Uint8Array;
}

/** Writes the pages and returns what the footer says of them. */
export function writeChunk(writer: ByteWriter, stored: StoredColumn, codec: CompressionCodec): ColumnChunk {
  const { column, rows, nulls, statistics, dictionary, data } = stored.encoded;
  const { levels } = stored;
  const start = writer.offset;
  let uncompressed = 0;
  if (dictionary !== undefined && stored.dictionary !== undefined) {
    writePageHeader(writer, {
      type: 'DICTIONARY_PAGE',
      uncompressed_page_size: dictionary.length,
      compressed_page_size: stored.dictionary.length,
      dictionary_page_header: { num_values: dictionary.values, encoding: PLAIN },
    });
    uncompressed += writer.offset - start + dictionary.length;
    writer.appendBytes(stored.dictionary);
  }
  const encoding = dictionary === undefined ? PLAIN : 'RLE_DICTIONARY';
  const dataStart = writer.offset;
  writePageHeader(writer, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: levels.length + data.length,
    compressed_page_size: levels.length + stored.data.length,
    data_page_header_v2: {
      num_values: rows,
      num_nulls: nulls,
      num_rows: rows,
      encoding,
      definition_levels_byte_length: levels.length,
      repetition_levels_byte_length: 0,
      is_compressed: true,
    },
  });
  uncompressed += writer.offset - dataStart + levels.length + data.length;
  writer.appendBytes(levels);
  writer.appendBytes(stored.data);
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: column.element.type!,
      encodings: dictionary === undefined ? [PLAIN, 'RLE'] : [PLAIN, 'RLE', encoding],
      path_in_schema: [column.element.name],
      codec,
      num_values: BigInt(rows),
      total_uncompressed_size: BigInt(uncompressed),
      total_compressed_size: BigInt(writer.offset - start),
      data_page_offset: BigInt(dataStart),
      dictionary_page_offset: dictionary === undefined ? undefined : BigInt(start),
      statistics,
    },
  };
}
