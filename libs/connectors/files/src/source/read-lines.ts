import { BATCH_ROWS_MAX } from '@millrace/engine';
import { NotAValue, type TableSchema } from '@millrace/formats';
import { isUnread, type LinesFormat } from '@millrace/formats/rows';
import { MillraceError } from '@millrace/kernel';
import { LineTooLong, lineRefused } from '../errors.ts';
import type { OldFile } from '../storage/storage.ts';
import { headOf, isHead, type KnownFile } from './known-file.ts';
import { countLineFeeds, firstLineEnd, PIECE_BYTES, pieceEnd } from './line-pieces.ts';
import { type PieceRow, parsePiece } from './parse-piece.ts';
import { TextLines } from './text-lines.ts';

/** Read at a time. */
const CHUNK_BYTES = 524_288;
const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf);

/** What is handed on at once, and where that leaves the file. */
export interface ReadPiece {
  readonly rows: readonly PieceRow[];
  /** Instead of rows: lines of text, from one to before another. */
  readonly text?: { readonly lines: TextLines; readonly from: number; readonly to: number } | undefined;
  /** Number of the first of them in the file's present content, from 1. */
  readonly firstRow: number;
  readonly file: KnownFile;
}

export interface ReadLinesOptions {
  readonly handle: OldFile;
  /** For messages. */
  readonly name: string;
  /** How far it is read. */
  readonly file: KnownFile;
  /** Bytes to read up to. */
  readonly size: number;
  readonly format: LinesFormat;
  readonly schema: TableSchema;
  /** The last line counts when no line feed ends it. */
  readonly isWhole: boolean;
  /** Lines that cannot be read are given as such. */
  readonly isTolerant: boolean;
  readonly lineBytesMax: number;
  /** Lines of text may be given as such. */
  readonly asText: boolean;
}

/**
 * The rows of lines behind what is read, in pieces. Ends early when the file no longer begins as it did.
 * @throws MillraceError `files.line_refused`, `files.line_too_long`; errors of reading as they come
 */
export async function* readLines(options: ReadLinesOptions): AsyncGenerator<ReadPiece> {
  const { handle, size, isWhole } = options;
  const lines = new Lines(options);
  let pending: Buffer = Buffer.alloc(0);
  for (let at = options.file.offset; at < size; ) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - at));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    const head = await headOf(handle, at, lines.file.head);
    // After the bytes were read: then they are of the content that began so.
    if (!(await isHead(handle, lines.file.head))) return;
    await lines.begin(head);
    const read = chunk.subarray(0, bytesRead);
    pending = pending.length === 0 ? read : Buffer.concat([pending, read]);
    let from = 0;
    for (let end = pieceEnd(pending, 0, options.format); end > from; end = pieceEnd(pending, from, options.format)) {
      yield* lines.pieces(pending.subarray(from, end));
      from = end;
    }
    pending = pending.subarray(from);
    lines.checkLength(pending.length);
  }
  if (isWhole && pending.length > 0) yield* lines.pieces(pending);
  yield { rows: [], firstRow: 0, file: lines.file };
}

/** Makes rows of pieces that follow each other. */
class Lines {
  file: KnownFile;
  readonly #options: ReadLinesOptions;
  #header: Buffer | undefined;

  constructor(options: ReadLinesOptions) {
    this.#options = options;
    this.file = { ...options.file, size: options.size };
  }

  /** The file begins like this. */
  async begin(head: KnownFile['head']): Promise<void> {
    this.file = { ...this.file, head };
    if (this.#options.format === 'csv' && this.file.offset > 0) this.#header ??= await this.#readHeader();
  }

  /** @throws MillraceError `files.line_too_long` */
  checkLength(bytes: number): void {
    const { lineBytesMax, name } = this.#options;
    if (bytes <= lineBytesMax) return;
    throw new MillraceError(LineTooLong, {
      message: `the line after line ${this.file.lines} of ${name} has more than ${lineBytesMax} bytes`,
      mend: 'Raise lineBytes, or correct the file: of CSV a quote may not be closed.',
      details: { path: name },
    });
  }

  *pieces(bytes: Buffer): Generator<ReadPiece> {
    const { format, lineBytesMax } = this.#options;
    // A larger piece is one line, or ends with one.
    if (bytes.length > PIECE_BYTES) this.checkLength(bytes.length - (format === 'csv' ? PIECE_BYTES : 0));
    const before = this.file;
    const lines = this.#options.asText ? TextLines.of(this.#withoutMark(bytes)) : undefined;
    const rows = lines === undefined ? this.#parse(bytes) : [];
    const count = lines?.length ?? rows.length;
    const behind = this.#behind(bytes, count, lines?.lineFeeds ?? countLineFeeds(bytes));
    for (let at = before.skip; at < count; at += BATCH_ROWS_MAX) {
      const end = Math.min(count, at + BATCH_ROWS_MAX);
      const file = end === count ? behind : { ...before, skip: end };
      const text = lines === undefined ? undefined : { lines, from: at, to: end };
      yield { rows: rows.slice(at, end), text, firstRow: before.rows + at + 1, file };
    }
    this.file = behind;
    if (format === 'csv' && before.offset === 0)
      this.#header = Buffer.from(bytes.subarray(0, Math.min(lineBytesMax, firstLineEnd(bytes, format))));
  }

  #behind(bytes: Buffer, rows: number, lineFeeds: number): KnownFile {
    const { file } = this;
    return {
      ...file,
      offset: file.offset + bytes.length,
      lines: file.lines + lineFeeds,
      rows: file.rows + rows,
      skip: 0,
    };
  }

  #parse(bytes: Buffer): readonly PieceRow[] {
    const { format, schema, isTolerant, name } = this.#options;
    const { lines } = this.file;
    let rows: readonly PieceRow[];
    try {
      rows = parsePiece(this.#withoutMark(bytes), { format, schema, header: this.#header, lines });
    } catch (error) {
      if (!(error instanceof NotAValue)) throw error;
      throw lineRefused(name, 'line 1', error.message, error);
    }
    const bad = isTolerant ? undefined : rows.find(isUnread);
    if (bad !== undefined) throw lineRefused(name, `line ${bad.row}`, bad.error.message, bad.error);
    return rows;
  }

  #withoutMark(bytes: Buffer): Buffer {
    const hasMark = this.file.offset === 0 && bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
    return hasMark ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
  }

  async #readHeader(): Promise<Buffer> {
    const { handle, format, lineBytesMax } = this.#options;
    const bytes = Buffer.allocUnsafe(Math.min(this.file.offset, lineBytesMax));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    const read = bytes.subarray(0, bytesRead);
    const text = read.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
      ? read.subarray(BYTE_ORDER_MARK.length)
      : read;
    return Buffer.from(text.subarray(0, firstLineEnd(text, format)));
  }
}
