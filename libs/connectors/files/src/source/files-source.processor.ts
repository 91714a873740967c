import { createHash } from 'node:crypto';
import { type Refusals, type Resolved, UnreadRows } from '@millrace/connector-contract';
import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { type ChangeBatch, type DeclaredRow, encodeRows, isChangeBatch, type TableSchema } from '@millrace/formats';
import { isUnread, type LinesFormat, type UnreadRow } from '@millrace/formats/rows';
import { assert, MillraceError, parseDurationMs, parseSizeBytes } from '@millrace/kernel';
import type { FilesConfig } from '../config.ts';
import { fileChanged, lineRefused, readError, UnreadLost } from '../errors.ts';
import { type OldFile, pathIn, type Storage } from '../storage/storage.ts';
import { storageOf } from '../storage/storage-of.ts';
import { isHead, type KnownFile, newFile, positionOf, restoreFiles, saveFiles } from './known-file.ts';
import { readLines } from './read-lines.ts';
import { isWholeFile, readWhole } from './read-whole.ts';
import { type FoundFile, Scan } from './scan.ts';
import { FILE_COLUMN, type FilesSourceStage, POSITION_COLUMN, parsedSchema, rowSchema } from './source-config.ts';

/** Batches read ahead of what the outbox takes. */
const AHEAD_MAX = 4;
const UINT32 = 4_294_967_296;

interface Piece {
  readonly id: string;
  /** Where this leaves the file; absent: it is forgotten. */
  readonly file: KnownFile | undefined;
  readonly batch?: ChangeBatch | undefined;
  readonly bytes?: number;
  readonly unread?: readonly UnreadRow[];
}

type FilesSourceOptions = Resolved<FilesConfig, FilesSourceStage> & { readonly refusals?: Refusals | undefined };

/**
 * Reads files one after the other and hands their rows on. A task reads ahead; the saved positions are those of what was handed on. Files are
 * spread over the instances of the vertex by their identity, which they keep when they are renamed.
 */
export class FilesSourceProcessor implements Processor {
  /** Parts of row groups of Parquet, and blocks of Avro, are decoded in one go. */
  readonly isCooperative: boolean;
  readonly #options: FilesSourceOptions;
  readonly #storage: Storage;
  readonly #parsed: TableSchema;
  readonly #schema: TableSchema;
  readonly #closing = new AbortController();
  /** As far as it was handed on. */
  readonly #files = new Map<string, KnownFile>();
  /** As far as it was read. */
  readonly #read = new Map<string, KnownFile>();
  /** What a file was when it was read to its end. */
  readonly #seen = new Map<string, string>();
  readonly #ahead: Piece[] = [];
  /** Absent: the first line that cannot be read is an error. */
  readonly #unread: UnreadRows | undefined;
  /** Lines that came back, read again. */
  #again: { readonly given: Batch; readonly batch: ChangeBatch } | undefined;
  #context!: ProcessorContext;
  #reading: Promise<void> | undefined;
  #hasRoom: (() => void) | undefined;
  #isAtEnd = false;

  constructor(options: FilesSourceOptions) {
    const { stage, job, refusals } = options;
    this.#options = options;
    this.#storage = storageOf(options.config);
    this.isCooperative = stage.format !== 'parquet' && stage.format !== 'avro';
    this.#parsed = parsedSchema(stage);
    this.#schema = rowSchema(stage);
    if (refusals === undefined) return;
    this.#unread = new UnreadRows({
      stage: job.stage,
      place: 'file',
      format: stage.format as LinesFormat,
      schema: this.#parsed,
      refusals,
      refused: (name, row, error) => lineRefused(name, `line ${row}`, error.message, error),
    });
  }

  init(context: ProcessorContext): void {
    this.#context = context;
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    // Another number of instances may have saved.
    for (const [id, file] of restoreFiles(entry.value)) {
      if (!this.#isMine(id)) continue;
      this.#files.set(id, file);
      this.#read.set(id, file);
    }
  }

  complete(): boolean {
    this.#reading ??= this.#follow().catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#context.fail(error);
    });
    for (let piece = this.#ahead[0]; piece !== undefined; piece = this.#ahead[0]) {
      if (piece.batch !== undefined && !this.#context.outbox.offer(piece.batch)) return false;
      this.#ahead.shift();
      this.#advance(piece);
      this.#hasRoom?.();
    }
    return this.#isAtEnd;
  }

  /** Lines that could not be read come back, perhaps edited. */
  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch) && this.#unread !== undefined, 'a source is given nothing but what it has set aside');
    if (this.#again?.given !== batch) {
      const receivedMs = this.#context.clock.nowMs();
      const rows = this.#unread.readAgain(batch);
      this.#again = { given: batch, batch: encodeRows(this.#schema, rows, { receivedMs }) };
    }
    if (this.#again.batch.length > 0 && !this.#context.outbox.offer(this.#again.batch)) return false;
    this.#again = undefined;
    return true;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const { globalIndex } = this.#context;
    return writer.offer({
      partition: EVERY_INSTANCE,
      key: `files-${globalIndex}`,
      value: saveFiles(this.#files),
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the source is closed'));
    this.#hasRoom?.();
    await this.#reading;
    await this.#storage.close();
  }

  #isMine(id: string): boolean {
    const { totalParallelism, globalIndex } = this.#context;
    const hash = createHash('sha256').update(id).digest().readUInt32BE(0);
    return Math.floor((hash / UINT32) * totalParallelism) === globalIndex;
  }

  #advance({ id, file, batch, bytes = 0, unread = [] }: Piece): void {
    if (file === undefined) this.#files.delete(id);
    else this.#files.set(id, file);
    const { metrics, clock } = this.#context;
    metrics.add('rowsRead', batch?.length ?? 0);
    metrics.add('bytesRead', bytes);
    if (file?.isDone === true) metrics.add('filesRead', 1);
    // With the position: one snapshot has both.
    for (const each of unread) this.#unread!.refuse(file!.path, each, clock.nowMs());
  }

  async #follow(): Promise<void> {
    const { stage } = this.#options;
    const scan = new Scan(this.#storage, stage.files);
    for (;;) {
      const found = (await scan.look(this.#read)).filter(({ id }) => this.#isMine(id));
      await this.#forget(found);
      for (const each of found) await this.#readFile(each);
      if (!stage.follow) break;
      await this.#context.clock.sleep(parseDurationMs(stage.poll)!, this.#closing.signal);
    }
    this.#isAtEnd = true;
    this.#context.wake();
  }

  /** Files that are there no more. */
  async #forget(found: readonly FoundFile[]): Promise<void> {
    const there = new Set(found.map(({ id }) => id));
    for (const [id, file] of this.#read) {
      if (there.has(id)) continue;
      this.#checkGap(file, 'was removed');
      this.#read.delete(id);
      this.#seen.delete(id);
      await this.#hold({ id, file: undefined });
    }
  }

  /** @throws MillraceError `files.unread_lost` unless gaps are accepted */
  #checkGap({ path, offset, size, isDone, skip }: KnownFile, what: string): void {
    const lost = isDone ? 0 : size - offset;
    if (lost <= 0) return;
    if (this.#options.stage.gaps === 'accept') {
      this.#context.metrics.add('bytesLost', lost);
      return;
    }
    throw new MillraceError(UnreadLost, {
      message: `${path} ${what}, and ${lost} bytes of it were not read${skip === 0 ? '' : ' to their end'}`,
      mend: 'Put the bytes back (of a copy, by a rename into place), or set gaps to accept to go on without them.',
      details: { path, offset, size },
    });
  }

  async #readFile(found: FoundFile): Promise<void> {
    const { stage } = this.#options;
    const path = pathIn(this.#storage, found.path);
    const known = this.#read.get(found.id);
    if (known !== undefined && known.path !== found.path) this.#context.metrics.add('filesRenamed', 1);
    const file = { ...(known ?? newFile(found.path)), path: found.path };
    if (file.isDone) {
      if (file.size !== found.size) throw fileChanged(path);
      if (known?.path !== found.path) await this.#hand(found.id, file);
      return;
    }
    const seen = `${found.size} ${found.modifiedNs} ${found.path}`;
    if (this.#seen.get(found.id) === seen) return;
    const handle = await this.#open(found, path);
    if (handle === undefined) return;
    try {
      if (isWholeFile(found.path, stage.format)) await this.#readWhole(found.id, handle, path, file);
      else await this.#readLines(found.id, handle, path, file);
    } catch (error) {
      throw readError(error, 'read', path);
    } finally {
      await handle.close();
    }
    this.#seen.set(found.id, seen);
  }

  /** `undefined`: another file has the name by now; the next look tells where it is. */
  async #open(found: FoundFile, path: string): Promise<OldFile | undefined> {
    try {
      const handle = await this.#storage.open(found.path);
      if ((await handle.state()).id === found.id) return handle;
      await handle.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw readError(error, 'open', path);
    }
    return undefined;
  }

  async #readWhole(id: string, handle: OldFile, path: string, file: KnownFile): Promise<void> {
    const { format } = this.#options.stage;
    const isTolerant = this.#unread !== undefined;
    const pieces = readWhole({ storage: this.#storage, handle, path, file, format, schema: this.#parsed, isTolerant });
    for await (const piece of pieces) await this.#hand(id, piece.file, piece.rows, piece.firstRow);
    this.#context.metrics.add('bytesRead', file.size);
  }

  async #readLines(id: string, handle: OldFile, name: string, known: KnownFile): Promise<void> {
    const { stage } = this.#options;
    const { size } = await handle.state();
    const file = await this.#present(handle, known, size);
    const isWhole = !stage.follow || !stage.appends;
    const pieces = readLines({
      handle,
      name,
      file,
      size,
      format: stage.format as LinesFormat,
      schema: this.#parsed,
      isWhole,
      isTolerant: this.#unread !== undefined,
      lineBytesMax: parseSizeBytes(stage.lineBytes)!,
      asText: stage.format === 'text' && !stage.metadata,
    });
    for await (const { file: reached, rows, firstRow, text } of pieces) {
      const batch = text?.lines.encode(this.#schema, text.from, text.to, this.#context.clock.nowMs());
      await this.#hand(id, reached, rows, firstRow, batch);
    }
    const read = this.#read.get(id);
    if (stage.follow && isWhole && read?.offset === size) await this.#hand(id, { ...read, isDone: true });
  }

  /** The file as it is known, or from its beginning when it was truncated or written anew. */
  async #present(handle: OldFile, known: KnownFile, size: number): Promise<KnownFile> {
    if (size >= known.offset && (await isHead(handle, known.head))) return known;
    this.#checkGap(known, 'was truncated');
    this.#context.metrics.add('truncations', 1);
    return newFile(known.path, known.epoch + 1);
  }

  /** Keeps rows until they are handed on; resolves when there is room for more. */
  async #hand(
    id: string,
    file: KnownFile,
    rows: readonly (DeclaredRow | UnreadRow)[] = [],
    firstRow = 0,
    encoded?: ChangeBatch,
  ): Promise<void> {
    const bytes = file.offset - (this.#read.get(id)?.offset ?? 0);
    this.#read.set(id, file);
    const unread = this.#unread === undefined ? [] : rows.filter(isUnread);
    const read = (unread.length === 0 ? rows : rows.filter((row) => !isUnread(row))) as readonly DeclaredRow[];
    if (this.#options.stage.metadata) this.#addMetadata(id, file, rows, firstRow);
    const receivedMs = this.#context.clock.nowMs();
    const batch = read.length === 0 ? encoded : encodeRows(this.#schema, read, { receivedMs });
    await this.#hold({ id, file, batch, bytes: Math.max(0, bytes), unread });
  }

  #addMetadata(id: string, file: KnownFile, rows: readonly (DeclaredRow | UnreadRow)[], firstRow: number): void {
    rows.forEach((row, index) => {
      Object.assign(row, { [FILE_COLUMN]: file.path, [POSITION_COLUMN]: positionOf(id, file, firstRow + index) });
    });
  }

  async #hold(piece: Piece): Promise<void> {
    this.#closing.signal.throwIfAborted();
    this.#ahead.push(piece);
    this.#context.wake();
    while (this.#ahead.length >= AHEAD_MAX) {
      this.#closing.signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#hasRoom = resolve;
      });
    }
  }
}
