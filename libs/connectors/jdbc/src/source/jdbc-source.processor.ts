import {
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { assert } from '@millrace/kernel';
import type { ConnectionOptions } from '../config.ts';
import { PollReading } from './poll-reading.ts';
import { RangeReading } from './range-reading.ts';
import type { Piece, Reading, ReadingIo } from './reading.ts';
import { SessionKeeper } from './session-keeper.ts';
import type { SourceStage } from './source-config.ts';
import type { SourceDialect } from './source-dialect.ts';

/** Batches read ahead of what the outbox takes. */
const AHEAD_MAX = 4;
const TABLE_CONNECTIONS = 4;

export interface JdbcSourceOptions {
  readonly dialect: SourceDialect;
  readonly config: ConnectionOptions;
  readonly stage: SourceStage;
  /** Name that the database shows of the connections. */
  readonly sessionName: string;
}

function readingOf({ dialect, stage }: JdbcSourceOptions): Reading {
  if (stage.watermark !== undefined) return new PollReading(stage);
  const fallback = stage.query === undefined && !dialect.isBlocking ? TABLE_CONNECTIONS : 1;
  return new RangeReading(stage, stage.parallel ?? fallback);
}

/** Reads rows of a table or a query and hands them on. Tasks read ahead; the saved position is that of the rows handed on. */
export class JdbcSourceProcessor implements Processor {
  readonly isCooperative: boolean;
  readonly #options: JdbcSourceOptions;
  readonly #closing = new AbortController();
  readonly #reading: Reading;
  readonly #ahead: Piece[] = [];
  /** Those who wait for room. */
  #waiting: (() => void)[] = [];
  #context!: ProcessorContext;
  #run: Promise<void> | undefined;
  /** All rows are read ahead. */
  #isAtEnd = false;

  constructor(options: JdbcSourceOptions) {
    this.#options = options;
    this.#reading = readingOf(options);
    this.isCooperative = !options.dialect.isBlocking;
  }

  init(context: ProcessorContext): void {
    assert(context.totalParallelism === 1, 'one instance reads the rows of a stage');
    this.#context = context;
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#reading.restore(JSON.parse(new TextDecoder().decode(entry.value)));
  }

  complete(): boolean {
    this.#run ??= this.#read();
    for (let piece = this.#ahead[0]; piece !== undefined; piece = this.#ahead[0]) {
      if (piece.batch !== undefined && !this.#context.outbox.offer(piece.batch)) return false;
      this.#ahead.shift();
      piece.handedOn();
      this.#context.metrics.add('rowsRead', piece.batch?.length ?? 0);
      this.#wakeWaiting();
    }
    return this.#isAtEnd;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const value = new TextEncoder().encode(JSON.stringify(this.#reading.save()));
    return writer.offer({ partition: EVERY_INSTANCE, key: 'rows', value });
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the source is closed'));
    this.#wakeWaiting();
    await this.#run;
  }

  async #read(): Promise<void> {
    try {
      await this.#reading.run(this.#io());
      this.#isAtEnd = true;
      this.#context.wake();
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#context.fail(error);
    }
  }

  #io(): ReadingIo {
    const { clock } = this.#context;
    const { signal } = this.#closing;
    const { dialect, config, stage, sessionName } = this.#options;
    const open = () => dialect.open(config, stage, sessionName);
    const hold = async (piece: Piece): Promise<void> => {
      this.#ahead.push(piece);
      this.#context.wake();
      await this.#until(() => this.#ahead.length < AHEAD_MAX);
    };
    return {
      clock,
      signal,
      openSession: () => new SessionKeeper({ open, clock, signal }),
      hold,
      drained: () => this.#until(() => this.#ahead.length === 0),
    };
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      this.#closing.signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  #wakeWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
