import { BATCH_ROWS_MAX } from '@millrace/engine';
import type { DeclaredRow, TableSchema } from '@millrace/formats';
import { type ContentAt, type ContentRowsOptions, contentRows, type UnreadRow } from '@millrace/formats/rows';
import { MillraceError } from '@millrace/kernel';
import { fileChanged, lineRefused, ReadFailed, RowGroupTooLarge, readError } from '../errors.ts';
import type { OldFile, Storage } from '../storage/storage.ts';
import { headOf, isHead, type KnownFile } from './known-file.ts';

export interface WholePiece {
  readonly rows: readonly (DeclaredRow | UnreadRow)[];
  /** Number of the first of them in the file, from 1. */
  readonly firstRow: number;
  readonly file: KnownFile;
}

export interface ReadWholeOptions {
  readonly storage: Storage;
  readonly handle: OldFile;
  /** Its full path. */
  readonly path: string;
  readonly file: KnownFile;
  readonly format: ContentRowsOptions['format'];
  readonly schema: TableSchema;
  readonly isTolerant: boolean;
}

/** Is it read as a whole, and not from an offset? */
export const isWholeFile = (path: string, format: ContentRowsOptions['format']): boolean =>
  format === 'parquet' || format === 'avro' || /\.(gz|zst)$/.test(path);

/**
 * The rows of a file that is whole, behind those that were read.
 * @throws MillraceError `files.line_refused`, `files.file_changed`, `files.read_failed` (may pass), `files.row_group_too_large`
 */
export async function* readWhole(options: ReadWholeOptions): AsyncGenerator<WholePiece> {
  const { handle, path, format, schema, isTolerant } = options;
  const before = await handle.state();
  const { size } = before;
  const isSame = options.file.skip === 0 || (options.file.size === size && (await isHead(handle, options.file.head)));
  if (!isSame) throw fileChanged(path);
  const file: KnownFile = { ...options.file, size, head: await headOf(handle, size) };
  const at = contentOf(options, size);
  let row = file.skip;
  for await (const rows of contentRows({ at, format, schema, skip: row, isTolerant })) {
    for (let from = 0; from < rows.length; from += BATCH_ROWS_MAX) {
      const part = rows.slice(from, from + BATCH_ROWS_MAX);
      const firstRow = row + 1;
      row += part.length;
      yield { rows: part, firstRow, file: { ...file, skip: row } };
    }
  }
  const after = await handle.state();
  if (after.size !== before.size || after.modifiedNs !== before.modifiedNs) throw fileChanged(path);
  yield { rows: [], firstRow: 0, file: { ...file, skip: row, isDone: true } };
}

const contentOf = ({ storage, handle, path, file }: ReadWholeOptions, size: number): ContentAt => ({
  name: path,
  open: () => storage.stream(file.path, size),
  size: async () => size,
  async read(start, end) {
    const bytes = new Uint8Array(end - start);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
      if (bytesRead === 0) throw fileChanged(path);
      filled += bytesRead;
    }
    return bytes.buffer;
  },
  refused: (row, reason, cause) => lineRefused(path, `row ${row}`, reason, cause),
  tooLarge: (bytesMax) =>
    new MillraceError(RowGroupTooLarge, {
      message: `a row group of ${path} has more than ${bytesMax / 1_048_576} MiB in the columns that are read`,
      mend: 'Write smaller row groups, or leave large columns out.',
      details: { path },
    }),
  cutOff: (code, cause) =>
    code === ''
      ? new MillraceError(ReadFailed, { message: `reading ${path} was cut off` }, { cause })
      : readError(cause, 'read', path),
});
