import type { Resolved } from '@millrace/connector-contract';
import {
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import {
  type ChangeBatch,
  declaredRowOfJson,
  declaredSchema,
  encodeRows,
  NotAValue,
  type ParsedRow,
} from '@millrace/formats';
import { assert, MillraceError } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import { connect } from './client.ts';
import type { Connection, SourceStage } from './config.ts';
import { PositionLost, RowRefused, serverError } from './errors.ts';

const READ_ROWS_MAX = 500;
/** How long the server holds a read back for entries that come. */
const WAIT_MS = 1_000;
const BEGINNING = '0-0';

/** A batch that was read, and the id of its last entry. */
interface Piece {
  readonly batch: ChangeBatch;
  readonly last: string;
}

// #region source
/** Reads a stream in order. Its position is the id of the last entry that was handed on. */
export class StreamSource implements Processor {
  readonly #options: Resolved<Connection, SourceStage>;
  #context!: ProcessorContext;
  #redis: Redis | undefined;
  #position = BEGINNING;
  #isClosed = false;
  #reading: Promise<void> | undefined;
  /** Read ahead, and not handed on. */
  #piece: Piece | undefined;
  #hasRoom = (): void => {};
  #isAtEnd = false;

  constructor(options: Resolved<Connection, SourceStage>) {
    this.#options = options;
  }

  async init(context: ProcessorContext): Promise<void> {
    assert(context.totalParallelism === 1, 'a stream has one reader');
    this.#context = context;
    this.#redis = await connect(this.#options.config);
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#position = new TextDecoder().decode(entry.value);
  }

  restoreFinished(): Promise<void> | void {
    if (this.#position !== BEGINNING) return this.#checkHistory(this.#position);
  }

  /** Hands on what was read; `false` means "not yet the end", and `wake` that there is more. */
  complete(): boolean {
    this.#reading ??= this.#read().catch((error: unknown) => {
      if (!this.#isClosed) this.#context.fail(serverError(error, `read ${this.#options.stage.stream}`));
    });
    if (this.#piece !== undefined) {
      const { batch, last } = this.#piece;
      if (!this.#context.outbox.offer(batch)) return false;
      this.#position = last;
      this.#context.metrics.add('rowsRead', batch.length);
      this.#piece = undefined;
      this.#hasRoom();
    }
    return this.#isAtEnd;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const value = new TextEncoder().encode(this.#position);
    return writer.offer({ partition: EVERY_INSTANCE, key: 'position', value });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#redis?.disconnect();
    this.#hasRoom();
    await this.#reading;
  }
  // #endregion source

  /** The entry at the position has to be there still: if it was trimmed away, those behind it may be gone as well. */
  async #checkHistory(position: string): Promise<void> {
    const { stream } = this.#options.stage;
    const found = await this.#redis!.xrange(stream, position, position).catch((error: unknown) => {
      throw serverError(error, `read ${stream}`);
    });
    if (found.length > 0) return;
    throw new MillraceError(PositionLost, {
      message: `entry ${position} of ${stream} is gone, and perhaps others that were not read`,
      mend: 'Keep entries for longer than the longest outage (XTRIM, MAXLEN, MINID), and start the job anew.',
      details: { stream, position },
    });
  }

  async #read(): Promise<void> {
    const { stream, follow } = this.#options.stage;
    for (let last = this.#position; !this.#isClosed; ) {
      const found = follow
        ? await this.#redis!.xread('COUNT', READ_ROWS_MAX, 'BLOCK', WAIT_MS, 'STREAMS', stream, last)
        : await this.#redis!.xread('COUNT', READ_ROWS_MAX, 'STREAMS', stream, last);
      const entries = found?.[0]?.[1] ?? [];
      if (entries.length === 0 && !follow) break;
      if (entries.length === 0) continue;
      last = entries.at(-1)![0];
      await this.#hold({ batch: this.#batchOf(entries), last });
    }
    this.#isAtEnd = !this.#isClosed;
    this.#context.wake();
  }

  /** Resolves when the piece is handed on. */
  async #hold(piece: Piece): Promise<void> {
    const room = new Promise<void>((resolve) => {
      this.#hasRoom = resolve;
    });
    this.#piece = piece;
    this.#context.wake();
    await room;
  }

  #batchOf(entries: readonly (readonly [id: string, fields: readonly string[]])[]): ChangeBatch {
    const schema = declaredSchema(this.#options.stage);
    const deleted = new Set<ParsedRow>();
    const rows = entries.map(([id, fields]) => {
      const fieldOf = (name: string): string | undefined =>
        fields[fields.findIndex((field, at) => at % 2 === 0 && field === name) + 1];
      try {
        const row = declaredRowOfJson(schema.columns, fieldOf('row') ?? '');
        if (fieldOf('op') === 'd') deleted.add(row);
        return row;
      } catch (error) {
        if (!(error instanceof NotAValue)) throw error;
        throw new MillraceError(RowRefused, {
          message: `entry ${id} of ${this.#options.stage.stream}: ${error.message}`,
          mend: 'Correct columns and key of the stage.',
          details: { id },
        });
      }
    });
    return encodeRows(schema, rows, {
      receivedMs: this.#context.clock.nowMs(),
      isDelete: (row) => deleted.has(row as ParsedRow),
    });
  }
}
