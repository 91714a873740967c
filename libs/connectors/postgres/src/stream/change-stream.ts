import type { Lsn } from '@millrace/formats';
import { type Clock, MillraceError } from '@millrace/kernel';
import type { ClientBase } from 'pg';
import { ProtocolViolation } from '../errors.ts';
import type { InitialLoad } from '../initial-load/contract.ts';
import type { TableCatalog } from '../types/table-catalog.ts';
import { Acknowledger } from './acknowledger.ts';
import type { EventWriter } from './event-writer.ts';
import { LagMeter } from './lag.ts';
import { messageRelations } from './message-tables.ts';
import { PgoutputDecoder } from './pgoutput-decoder.ts';
import { RelationCache } from './relation-cache.ts';
import type { ReplicationConnect, ReplicationConnection } from './replication-connection.ts';
import { startStreaming } from './start-streaming.ts';
import { StreamWatch } from './stream-watch.ts';
import { TransactionAssembler } from './transaction-assembler.ts';

/** XLogData: tag, start of the WAL, end of the WAL, send time, then the plugin's message. */
const XLOG_DATA = 0x77; // 'w'
const XLOG_HEADER_BYTES = 25;
/** Primary keepalive: tag, end of the WAL, send time, whether a reply is wanted. */
const KEEPALIVE = 0x6b; // 'k'

/** Microseconds from 1970 to 2000, where PostgreSQL's time begins. */
const POSTGRES_EPOCH_US = 946_684_800_000_000n;

export interface ChangeStreamOptions {
  readonly connect: ReplicationConnect;
  /** An ordinary session of the same user; stays the caller's. */
  readonly session: ClientBase;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly slot: string;
  readonly publication: string;
  readonly resumeLsn: Lsn;
  readonly catalog: TableCatalog;
  /** Messages with these prefixes are inserts into tables of their own. */
  readonly messagePrefixes?: readonly string[] | undefined;
  readonly writer: EventWriter;
  readonly load: InitialLoad | undefined;
  /** There is something to walk. */
  readonly wake: () => void;
  /** Called about once a second, when the lag is known anew. */
  readonly measure: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Why `walk` came back. `full`: the writer has no room. `paused`: the initial load can keep no more. `boundary`: as asked, between two transactions.
 * `waiting`: everything that arrived has been walked. `gathering`: the same, and nothing is read for some milliseconds.
 */
export type WalkEnd = 'full' | 'paused' | 'boundary' | 'waiting' | 'gathering';

/** The stream of one slot: puts connection, decoder, assembler, acknowledger and lag in sequence. */
export class ChangeStream {
  readonly acknowledger: Acknowledger;
  readonly lag = new LagMeter();
  readonly #options: ChangeStreamOptions;
  readonly #relations: RelationCache;
  readonly #assembler: TransactionAssembler;
  readonly #watch: StreamWatch;
  #connection!: ReplicationConnection;

  private constructor(options: ChangeStreamOptions, walSenderTimeoutMs: number) {
    const { clock, writer, load, resumeLsn, messagePrefixes = [] } = options;
    this.#options = options;
    this.#relations = new RelationCache(options.catalog);
    const decoder = new PgoutputDecoder(this.#relations, messageRelations(messagePrefixes));
    this.#assembler = new TransactionAssembler(decoder, writer, load, resumeLsn);
    this.acknowledger = new Acknowledger({
      clock,
      send: (message) => this.#connection.write(message),
      acknowledged: resumeLsn,
      walSenderTimeoutMs,
    });
    this.#watch = new StreamWatch({
      clock,
      session: options.session,
      silentMs: () => (this.#connection.isReading ? clock.nowMs() - this.#connection.lastReadMs : 0),
      isAwaited: () => load !== undefined && load.progress.tablesDone < load.progress.tablesTotal,
      ask: () => this.acknowledger.reply(true),
      onServerPosition: (position) => {
        this.lag.serverAt(position);
        options.measure();
      },
      fail: options.fail,
    });
  }

  /** @throws MillraceError as `startStreaming` */
  static async open(options: ChangeStreamOptions): Promise<ChangeStream> {
    const stream = new ChangeStream(options, await walSenderTimeoutMs(options.session));
    stream.#connection = await startStreaming({
      ...options,
      from: options.resumeLsn,
      messages: (options.messagePrefixes ?? []).length > 0,
      onData: options.wake,
      onFailure: options.fail,
    });
    stream.acknowledger.start();
    stream.#watch.start();
    return stream;
  }

  get resumeLsn(): Lsn {
    return this.#assembler.resumeLsn;
  }

  /** No transaction is partly walked. */
  get isAtBoundary(): boolean {
    return !this.#assembler.isOpen;
  }

  /** When the newest bytes arrived, milliseconds since 1970. */
  get receivedMs(): number {
    return this.#connection.lastReadMs;
  }

  /** Commit time of the newest transaction walked, microseconds since 1970. */
  get commitTimeUs(): bigint {
    return this.#assembler.commitTimeUs;
  }

  /**
   * Walks what has arrived into the writer, and reads on when all of it is walked.
   * @throws MillraceError what the server reported, or `postgres.connection_lost`
   */
  walk(stopAtBoundary: boolean): WalkEnd {
    const { writer, load } = this.#options;
    const assembler = this.#assembler;
    const connection = this.#connection;
    for (;;) {
      if (writer.isFull) return 'full';
      if (load?.mustPauseStream === true) return 'paused';
      if (stopAtBoundary && !assembler.isOpen) return 'boundary';
      if (assembler.hasLeftover) assembler.finishMessage();
      else if (connection.next()) this.#message();
      else break;
    }
    this.acknowledger.received(assembler.resumeLsn);
    return connection.readMore() ? 'gathering' : 'waiting';
  }

  /** The initial load has changed which tables it is loading. */
  refreshLoading(): void {
    const { load } = this.#options;
    if (load === undefined) return;
    for (const relation of this.#relations.all()) relation.loading = load.isLoading(relation.schema.id);
  }

  async close(): Promise<void> {
    this.acknowledger.stop();
    this.#watch.stop();
    await this.#connection.close();
  }

  #message(): void {
    const { bytes, start, end } = this.#connection.frames;
    const tag = bytes[start]!;
    if (tag === XLOG_DATA) {
      this.#assembler.accept(bytes, start + XLOG_HEADER_BYTES, end);
    } else if (tag === KEEPALIVE) {
      this.#keepalive(bytes, start);
    } else {
      throw new MillraceError(ProtocolViolation, {
        message: `the server sent a replication message of type ${tag}`,
        mend: 'Report this with the version of the server.',
      });
    }
  }

  #keepalive(bytes: Buffer, start: number): void {
    const walEnd = bytes.readBigUInt64BE(start + 1) as Lsn;
    this.lag.heard(walEnd, bytes.readBigInt64BE(start + 9) + POSTGRES_EPOCH_US, this.#connection.lastReadMs);
    this.acknowledger.received(walEnd);
    this.#assembler.keepalive(walEnd);
    if (bytes[start + 17] === 1) this.acknowledger.reply();
  }
}

async function walSenderTimeoutMs(session: ClientBase): Promise<number> {
  const { rows } = await session.query<{ setting: string }>(
    "SELECT setting FROM pg_settings WHERE name = 'wal_sender_timeout'",
  );
  return Number(rows[0]?.setting ?? 0);
}
