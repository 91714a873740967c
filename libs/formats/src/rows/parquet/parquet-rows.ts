import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { MillraceError } from '@millrace/kernel';
import {
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type RowGroup,
  type SchemaElement,
} from 'hyparquet';
import { type Column, type TableSchema } from '../../change/table-schema.ts';
import { NotAValue } from '../../declared/column-text.ts';
import { columnValues, type ParsedRow } from '../../declared/declared-row.ts';
import type { ContentAt } from '../content-at.ts';
import { type CellText, cellText, type StoredValue } from './parquet-cell.ts';
import { ParquetObject } from './parquet-object.ts';

/** Of a row group's values, before compression, that are decoded at a time. */
const DECODED_BYTES = 16_777_216;

const COMPRESSORS: Compressors = {
  GZIP: (bytes) => gunzipSync(bytes),
  ZSTD: (bytes) => zstdDecompressSync(bytes),
  BROTLI: (bytes) => brotliDecompressSync(bytes),
};
const CODECS: ReadonlySet<string> = new Set(['UNCOMPRESSED', 'SNAPPY', ...Object.keys(COMPRESSORS)]);

export interface ParquetRowsOptions {
  readonly at: ContentAt;
  readonly schema: TableSchema;
  /** Rows that were read before. */
  readonly skip: number;
}

interface Cell {
  readonly column: Column;
  readonly text: CellText;
}

/**
 * The rows of a Parquet file, a part of a row group at a time: only the columns that are declared, by requests of their ranges.
 * @throws MillraceError as `ContentAt`
 */
export async function* parquetRows({ at, schema, skip }: ParquetRowsOptions): AsyncGenerator<readonly ParsedRow[]> {
  let row = 0;
  try {
    const file = await ParquetObject.open(at);
    const metadata = await parquetMetadataAsync(file, { geoparquet: false });
    const cells = cellsOf(metadata, schema);
    const stored = withoutTypes(metadata);
    file.release();
    for (const group of metadata.row_groups) {
      const end = row + Number(group.num_rows);
      if (end > skip) checkCodecs(group, schema);
      const step = rowsAtOnce(group, schema);
      for (row = Math.max(row, Math.min(skip, end)); row < end; ) {
        const values = await read(file, stored, schema, row, Math.min(end, row + step));
        const rows: ParsedRow[] = [];
        for (const value of values) {
          rows.push(parsedRow(cells, value));
          row += 1;
        }
        yield rows;
      }
      file.release();
    }
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const reason = error instanceof NotAValue ? error.message : `it is damaged (${String(error)})`;
    throw at.refused(row + 1, reason, error);
  }
}

/** Names of the columns of a Parquet file. */
export async function parquetColumnNames(at: ContentAt): Promise<readonly string[]> {
  const metadata = await parquetMetadataAsync(await ParquetObject.open(at), { geoparquet: false });
  return parquetSchema(metadata).children.map(({ element }) => element.name);
}

const read = async (
  file: ParquetObject,
  metadata: FileMetaData,
  { columns }: TableSchema,
  rowStart: number,
  rowEnd: number,
): Promise<readonly (readonly (StoredValue | null | undefined)[])[]> => {
  let rows: (StoredValue | null | undefined)[][] = [];
  await parquetRead({
    file,
    metadata,
    columns: columns.map(({ name }) => name),
    rowStart,
    rowEnd,
    compressors: COMPRESSORS,
    utf8: false,
    geoparquet: false,
    parsers: { timestampFromNanoseconds: (nanoseconds) => nanoseconds },
    onComplete: (found) => {
      rows = found as (StoredValue | null | undefined)[][];
    },
  });
  return rows;
};

const parsedRow = (cells: readonly Cell[], values: readonly (StoredValue | null | undefined)[]): ParsedRow =>
  columnValues(
    cells.map(({ column }) => column),
    (_, index) => {
      const value = values[index] ?? null;
      return value === null ? null : cells[index]!.text(value);
    },
  );

/** Finds each declared column in the file. */
function cellsOf(metadata: FileMetaData, { columns }: TableSchema): readonly Cell[] {
  const { children } = parquetSchema(metadata);
  return columns.map((column) => {
    const found = children.find(({ element }) => element.name === column.name);
    if (found === undefined) throw new NotAValue(`it has no column "${column.name}"`);
    if (found.children.length > 0 || found.element.repetition_type === 'REPEATED')
      throw new NotAValue(`column "${column.name}" is nested: only columns of plain values can be read`);
    return { column, text: cellText(column, found.element) };
  });
}

/** The library makes numbers of decimals and dates of timestamps, and loses digits: without types it gives what is stored. */
function withoutTypes(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element): SchemaElement => {
    const bare = { ...element };
    delete bare.converted_type;
    delete bare.logical_type;
    return bare;
  });
  return { ...metadata, schema };
}

const chunksOf = ({ columns }: RowGroup, schema: TableSchema) =>
  columns.filter(({ meta_data }) => schema.columns.some(({ name }) => name === meta_data?.path_in_schema[0]));

function checkCodecs(group: RowGroup, schema: TableSchema): void {
  for (const { meta_data } of chunksOf(group, schema))
    if (!CODECS.has(meta_data!.codec)) throw new NotAValue(`its columns are compressed as ${meta_data!.codec}`);
}

function rowsAtOnce(group: RowGroup, schema: TableSchema): number {
  const bytes = chunksOf(group, schema).reduce(
    (sum, { meta_data }) => sum + Number(meta_data!.total_uncompressed_size),
    1,
  );
  return Math.max(1, Math.ceil((Number(group.num_rows) * DECODED_BYTES) / bytes));
}
