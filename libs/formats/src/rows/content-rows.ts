import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { MillraceError } from '@millrace/kernel';
import { type TableSchema } from '../change/table-schema.ts';
import { NotAValue } from '../declared/column-text.ts';
import { type DeclaredRow } from '../declared/declared-row.ts';
import type { ContentAt } from './content-at.ts';
import { type LinesFormat, rowsParser, type UnreadRow } from './rows-parser.ts';

/** A row longer than this is probably none. */
const ROW_CHARACTERS_MAX = 16_777_216;

/** Decompressed at a time: a batch or two of rows. */
const CHUNK_BYTES = 131_072;

export interface ContentRowsOptions {
  readonly at: ContentAt;
  readonly format: LinesFormat | 'parquet' | 'avro';
  readonly schema: TableSchema;
  /** Rows that were read before. */
  readonly skip: number;
  /** Lines that cannot be read are given as such. */
  readonly isTolerant?: boolean | undefined;
}

/**
 * The rows of an object or file, in pieces as they come.
 * @throws MillraceError as `ContentAt`
 */
export async function* contentRows(options: ContentRowsOptions): AsyncGenerator<readonly (DeclaredRow | UnreadRow)[]> {
  if (options.format !== 'parquet') return yield* streamedRows(options);
  // Its library is loaded by those only who read Parquet.
  const { parquetRows } = await import('./parquet/parquet-rows.ts');
  yield* parquetRows(options);
}

/** Names of the columns of a Parquet file. */
export const parquetColumnNames = async (at: ContentAt): Promise<readonly string[]> =>
  (await import('./parquet/parquet-rows.ts')).parquetColumnNames(at);

/** Formats that are read from the beginning. */
async function* streamedRows(options: ContentRowsOptions): AsyncGenerator<readonly (DeclaredRow | UnreadRow)[]> {
  const { at, format, skip } = options;
  const body = await at.open();
  const counted = { rows: 0 };
  try {
    const pieces = format === 'avro' ? await avroPieces(body, options, counted) : textPieces(body, options, counted);
    let seen = 0;
    for await (const rows of pieces) {
      const from = Math.max(0, skip - seen);
      seen += rows.length;
      yield rows.slice(from);
    }
  } catch (error) {
    throw readError(error, options, counted.rows);
  } finally {
    body.destroy();
  }
}

async function avroPieces(
  body: Readable,
  { schema }: ContentRowsOptions,
  counted: { rows: number },
): Promise<AsyncIterable<readonly DeclaredRow[]>> {
  const { avroRows } = await import('./avro/avro-rows.ts');
  return avroRows(body, schema, counted);
}

async function* textPieces(
  body: Readable,
  { at, format, schema, isTolerant = false }: ContentRowsOptions,
  counted: { rows: number },
): AsyncGenerator<readonly (DeclaredRow | UnreadRow)[]> {
  const parser = rowsParser(format as LinesFormat, schema, isTolerant);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (chunk: Uint8Array): string =>
    isTolerant
      ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')
      : utf8.decode(chunk, { stream: true });
  try {
    for await (const chunk of decompressed(at.name, body)) {
      yield parser.push(decode(chunk));
      if (parser.pending > ROW_CHARACTERS_MAX)
        throw new NotAValue(`it is longer than ${ROW_CHARACTERS_MAX} characters`);
    }
    yield [...parser.push(isTolerant ? '' : utf8.decode()), ...parser.end()];
  } finally {
    counted.rows = parser.count;
  }
}

export function decompressed(name: string, body: Readable): AsyncIterable<Uint8Array> {
  if (name.endsWith('.gz')) return pipeline(body, createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
  return name.endsWith('.zst') ? pipeline(body, createZstdDecompress({ chunkSize: CHUNK_BYTES }), () => {}) : body;
}

function readError(error: unknown, { at }: ContentRowsOptions, rows: number): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const isContent = code.startsWith('ERR_ENCODING') || code.startsWith('Z_') || code.startsWith('ZSTD_');
  if (error instanceof NotAValue || isContent) {
    const reason = error instanceof NotAValue ? error.message : `it is damaged (${code})`;
    return at.refused(rows + 1, reason, error);
  }
  return at.cutOff(code, error);
}
