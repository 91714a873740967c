import { type Refusals, type Resolved, UnreadRows } from '@millrace/connector-contract';
import {
  BATCH_ROWS_MAX,
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import {
  type ChangeBatch,
  type DeclaredRow,
  declaredSchema,
  encodeRows,
  isChangeBatch,
  type TableSchema,
} from '@millrace/formats';
import { contentRows, globPattern, globPrefix, isUnread, type UnreadRow } from '@millrace/formats/rows';
import { assert, parseDurationMs } from '@millrace/kernel';
import { Bucket, type ListedObject } from '../bucket/bucket.ts';
import type { S3Config } from '../config.ts';
import { isPassing } from '../errors.ts';
import { isOwn } from '../naming/keys.ts';
import { objectContent } from './object-content.ts';
import { rowRefused } from './read-error.ts';
import { SeenObjects } from './seen-objects.ts';
import type { S3SourceStage } from './source-config.ts';

/** Batches read ahead of what the outbox takes. */
const AHEAD_MAX = 4;

/** Listings and an object's stream. */
const REQUESTS = 2;

/** An object that is cut off again and again without a row in between. */
const CUTS_MAX = 5;

/** What is handed on at once, and where that leaves the object. */
interface Piece {
  readonly object: ListedObject;
  readonly batch: ChangeBatch | undefined;
  /** Rows of the object that are handed on with this. */
  readonly rows: number;
  readonly isLast: boolean;
  /** Lines among them that could not be read. */
  readonly unread?: readonly UnreadRow[] | undefined;
}

type S3SourceOptions = Resolved<S3Config, S3SourceStage> & { readonly refusals?: Refusals | undefined };

interface SavedSource {
  readonly seen: readonly string[];
  /** The object that is being read, and how many of its rows are handed on. */
  readonly current?: { readonly key: string; readonly etag: string; readonly rows: number } | undefined;
}

/**
 * Reads objects one after the other, by name within a listing, and hands their rows on. A task reads ahead; the saved position is that of the rows
 * handed on: objects read to the end, and rows of the present one.
 */
export class S3SourceProcessor implements Processor {
  /** Parts of row groups of Parquet, and blocks of Avro, are decoded in one go. */
  readonly isCooperative: boolean;
  readonly #options: S3SourceOptions;
  /** Absent: the first line that cannot be read is an error. */
  readonly #unread: UnreadRows | undefined;
  /** Lines that came back, read again. */
  #again: { readonly given: Batch; readonly batch: ChangeBatch } | undefined;
  readonly #schema: TableSchema;
  readonly #closing = new AbortController();
  readonly #seen = new SeenObjects();
  readonly #ahead: Piece[] = [];
  #context!: ProcessorContext;
  #bucket!: Bucket;
  #current: SavedSource['current'];
  #reading: Promise<void> | undefined;
  /** The reader waits for room. */
  #hasRoom: (() => void) | undefined;
  /** All objects are read ahead; only without `follow`. */
  #isAtEnd = false;

  constructor(options: S3SourceOptions) {
    this.#options = options;
    this.isCooperative = options.stage.format !== 'parquet' && options.stage.format !== 'avro';
    this.#schema = declaredSchema(options.stage);
    const { stage, job, refusals } = options;
    if (refusals === undefined) return;
    const format = stage.format === 'csv' ? 'csv' : 'ndjson';
    this.#unread = new UnreadRows({
      stage: job.stage,
      place: 'object',
      format,
      schema: this.#schema,
      refusals,
      refused: (key, row, error) => rowRefused(this.#bucket, { key }, row, error.message, error),
    });
  }

  async init(context: ProcessorContext): Promise<void> {
    assert(context.totalParallelism === 1, 'one instance reads the objects of a stage');
    this.#context = context;
    this.#bucket = await Bucket.connect({
      config: this.#options.config,
      clock: context.clock,
      signal: AbortSignal.any([context.signal, this.#closing.signal]),
      requests: REQUESTS,
    });
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    const saved = JSON.parse(new TextDecoder().decode(entry.value)) as SavedSource;
    this.#seen.restore(saved.seen);
    this.#current = saved.current;
  }

  complete(): boolean {
    this.#reading ??= this.#read().catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#context.fail(error);
    });
    for (let piece = this.#ahead[0]; piece !== undefined; piece = this.#ahead[0]) {
      if (piece.batch !== undefined && !this.#context.outbox.offer(piece.batch)) return false;
      this.#ahead.shift();
      this.#advance(piece);
      // With the position: one snapshot has both.
      for (const each of piece.unread ?? []) this.#unread!.refuse(piece.object.key, each, this.#context.clock.nowMs());
      this.#hasRoom?.();
    }
    return this.#isAtEnd;
  }

  /** Lines that could not be read come back, perhaps edited. */
  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch) && this.#unread !== undefined, 'a source is given nothing but what it has set aside');
    if (this.#again?.given !== batch) this.#again = { given: batch, batch: this.#batch(this.#unread.readAgain(batch)) };
    if (this.#again.batch.length > 0 && !this.#context.outbox.offer(this.#again.batch)) return false;
    this.#again = undefined;
    return true;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const saved: SavedSource = { seen: this.#seen.save(), current: this.#current };
    return writer.offer({
      partition: EVERY_INSTANCE,
      key: 'objects',
      value: new TextEncoder().encode(JSON.stringify(saved)),
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the source is closed'));
    this.#hasRoom?.();
    await this.#reading;
    this.#bucket?.[Symbol.dispose]();
  }

  #advance({ object, rows, isLast, batch }: Piece): void {
    if (isLast) {
      this.#seen.add(object.key);
      this.#current = undefined;
      this.#context.metrics.add('objectsRead', 1);
    } else this.#current = { ...object, rows };
    this.#context.metrics.add('rowsRead', batch?.length ?? 0);
  }

  async #read(): Promise<void> {
    const { follow, poll } = this.#options.stage;
    const done = new Set<string>();
    if (this.#current !== undefined) {
      const { rows, ...object } = this.#current;
      await this.#readObject(object, rows);
      done.add(object.key);
    }
    for (;;) {
      const objects = await this.#list();
      for (const object of objects) {
        // What is read ahead is not in `seen` before it is handed on.
        if (done.has(object.key) || this.#seen.has(object.key)) continue;
        await this.#readObject(object, 0);
        done.add(object.key);
      }
      if (!follow) break;
      await this.#context.clock.sleep(parseDurationMs(poll)!, this.#closing.signal);
      for (const key of done) if (this.#seen.has(key)) done.delete(key);
    }
    this.#isAtEnd = true;
    this.#context.wake();
  }

  async #list(): Promise<ListedObject[]> {
    const { config, stage } = this.#options;
    const pattern = globPattern(stage.objects);
    const objects: ListedObject[] = [];
    for await (const object of this.#bucket.listObjects(`${config.prefix}${globPrefix(stage.objects)}`))
      if (pattern.test(object.key.slice(config.prefix.length)) && !isOwn(object.key.slice(config.prefix.length)))
        objects.push(object);
    this.#seen.keepOnly(objects.map(({ key }) => key));
    return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Reads on where the connection was cut. */
  async #readObject(object: ListedObject, from: number): Promise<void> {
    let rows = from;
    for (let cuts = 0; ; ) {
      const before = rows;
      try {
        const { format } = this.#options.stage;
        const isTolerant = this.#unread !== undefined;
        const pieces = contentRows({
          at: objectContent(this.#bucket, object),
          format,
          schema: this.#schema,
          skip: rows,
          isTolerant,
        });
        for await (const parsed of pieces) {
          for (let at = 0; at < parsed.length; at += BATCH_ROWS_MAX) {
            const part = parsed.slice(at, at + BATCH_ROWS_MAX);
            rows += part.length;
            const unread = part.filter(isUnread);
            const read = part.filter((row) => !isUnread(row)) as readonly DeclaredRow[];
            await this.#hold({ object, batch: this.#batch(read), rows, isLast: false, unread });
          }
        }
        await this.#hold({ object, batch: undefined, rows, isLast: true });
        return;
      } catch (error) {
        cuts = rows > before ? 1 : cuts + 1;
        if (this.#closing.signal.aborted || !isPassing(error) || cuts > CUTS_MAX) throw error;
      }
    }
  }

  #batch(rows: readonly DeclaredRow[]): ChangeBatch {
    return encodeRows(this.#schema, rows, { receivedMs: this.#context.clock.nowMs() });
  }

  /** Keeps a piece until it is handed on; resolves when there is room for another. */
  async #hold(piece: Piece): Promise<void> {
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
