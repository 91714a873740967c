import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { type DeclaredRow, NotAValue, type TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import type { Bucket, ObjectAt } from '../bucket/bucket.ts';
import { ReadFailed } from '../errors.ts';
import { objectChanged, rowRefused } from './read-error.ts';
import { rowsParser, type UnreadRow } from './rows-parser.ts';

/** A row longer than this is probably none. */
const ROW_CHARACTERS_MAX = 16_777_216;

/** Decompressed at a time: a batch or two of rows. */
const CHUNK_BYTES = 131_072;

export interface ObjectRowsOptions {
  readonly bucket: Bucket;
  readonly object: ObjectAt;
  readonly format: 'ndjson' | 'csv' | 'parquet' | 'avro';
  readonly schema: TableSchema;
  /** Rows that were read before. */
  readonly skip: number;
  /** Lines that cannot be read are given as such. */
  readonly isTolerant?: boolean | undefined;
}

/**
 * The rows of an object, in pieces as they come.
 * @throws MillraceError `s3.row_refused`, `s3.object_changed`, `s3.read_failed` (may pass), `s3.row_group_too_large` or as `Bucket`.
 */
export async function* objectRows(options: ObjectRowsOptions): AsyncGenerator<readonly (DeclaredRow | UnreadRow)[]> {
  if (options.format !== 'parquet') return yield* streamedRows(options);
  // Its library is loaded by those only who read Parquet.
  const { parquetRows } = await import('./parquet/parquet-rows.ts');
  yield* parquetRows(options);
}

/** Formats that are read from the beginning. */
async function* streamedRows(options: ObjectRowsOptions): AsyncGenerator<readonly (DeclaredRow | UnreadRow)[]> {
  const { bucket, object, format, skip } = options;
  const body = await bucket.open(object);
  if (body === undefined) throw objectChanged(bucket, object);
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
  { schema }: ObjectRowsOptions,
  counted: { rows: number },
): Promise<AsyncIterable<readonly DeclaredRow[]>> {
  const { avroRows } = await import('./avro/avro-rows.ts');
  return avroRows(body, schema, counted);
}

async function* textPieces(
  body: Readable,
  { object, format, schema, isTolerant = false }: ObjectRowsOptions,
  counted: { rows: number },
): AsyncGenerator<readonly (DeclaredRow | UnreadRow)[]> {
  const parser = rowsParser(format === 'csv' ? 'csv' : 'ndjson', schema, isTolerant);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (chunk: Uint8Array): string =>
    isTolerant
      ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')
      : utf8.decode(chunk, { stream: true });
  try {
    for await (const chunk of decompressed(object.key, body)) {
      yield parser.push(decode(chunk));
      if (parser.pending > ROW_CHARACTERS_MAX)
        throw new NotAValue(`it is longer than ${ROW_CHARACTERS_MAX} characters`);
    }
    yield [...parser.push(isTolerant ? '' : utf8.decode()), ...parser.end()];
  } finally {
    counted.rows = parser.count;
  }
}

function decompressed(key: string, body: Readable): AsyncIterable<Uint8Array> {
  if (key.endsWith('.gz')) return pipeline(body, createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
  return key.endsWith('.zst') ? pipeline(body, createZstdDecompress({ chunkSize: CHUNK_BYTES }), () => {}) : body;
}

function readError(error: unknown, { bucket, object }: ObjectRowsOptions, rows: number): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const isContent = code.startsWith('ERR_ENCODING') || code.startsWith('Z_') || code.startsWith('ZSTD_');
  if (error instanceof NotAValue || isContent) {
    const reason = error instanceof NotAValue ? error.message : `the object is damaged (${code})`;
    return rowRefused(bucket, object, rows + 1, reason, error);
  }
  return new MillraceError(
    ReadFailed,
    { message: `reading ${object.key} in bucket ${bucket.name} was cut off: ${code}` },
    { cause: error },
  );
}
