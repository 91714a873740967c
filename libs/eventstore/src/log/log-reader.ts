import {
  ChangeStream,
  type ConnectionOptions,
  EventWriter,
  openSession,
  readTableCatalog,
} from '@millrace/connector-postgres/log';
import type { Lsn } from '@millrace/formats';
import type { Clock } from '@millrace/kernel';
import type pg from 'pg';
import type { EventTypes } from '../events/event-types.ts';
import { LogDecoder, type LoggedEvent } from './logged-event.ts';

export interface LogReaderOptions {
  readonly connection: ConnectionOptions;
  /** An ordinary session of the same role; stays the caller's. */
  readonly session: pg.Client;
  readonly slot: string;
  readonly publication: string;
  readonly from: Lsn;
  readonly types: EventTypes | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What came: events in the order of their commits, and the position up to which there are no others. */
export interface LogChunk {
  readonly events: readonly LoggedEvent[];
  /** Every transaction that commits before has been given. Inside of a large transaction: where that began. */
  readonly passed: Lsn;
}

/** Reads the events of one slot in the order of their commits. Confirms nothing by itself. */
export class LogReader {
  readonly #writer = new EventWriter();
  readonly #decoder: LogDecoder;
  #stream!: ChangeStream;
  #wake: () => void = () => {};
  #failure: unknown;
  #passed: Lsn;

  private constructor({ types, from }: LogReaderOptions) {
    this.#decoder = new LogDecoder(types);
    this.#passed = from;
  }

  /** @throws MillraceError `postgres.…`, as a source's stream */
  static async open(options: LogReaderOptions): Promise<LogReader> {
    const { connection, session, slot, publication, from, clock, signal } = options;
    const reader = new LogReader(options);
    reader.#stream = await ChangeStream.open({
      connect: (stream) =>
        openSession(connection, { applicationName: `millrace events ${slot}`, replication: true, stream }, signal),
      session,
      clock,
      signal,
      slot,
      publication,
      resumeLsn: from,
      catalog: await readTableCatalog(session, publication),
      writer: reader.#writer,
      load: undefined,
      wake: () => reader.#wake(),
      measure: () => {},
      fail: (error) => {
        reader.#failure ??= error;
        reader.#wake();
      },
    });
    return reader;
  }

  /**
   * Resolves with what comes next: events, or only a higher `passed`.
   * @throws MillraceError what broke the stream; the signal's reason
   */
  async next(signal: AbortSignal): Promise<LogChunk> {
    const abort = (): void => this.#wake();
    signal.addEventListener('abort', abort, { once: true });
    try {
      for (;;) {
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        signal.throwIfAborted();
        if (this.#failure !== undefined) throw this.#failure;
        this.#stream.walk(false);
        const passed = this.#stream.resumeLsn;
        if (!this.#writer.isEmpty) {
          const batch = this.#writer.take(this.#stream.receivedMs);
          this.#passed = passed;
          return { events: this.#decoder.decode(batch), passed };
        }
        if (passed > this.#passed) {
          this.#passed = passed;
          return { events: [], passed };
        }
        await woken;
      }
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Asks the server how far its log has been read. */
  ask(): void {
    this.#stream.acknowledger.reply(true);
  }

  /** Lets the server forget what commits before `position`. */
  acknowledge(position: Lsn): void {
    this.#stream.acknowledger.acknowledge(position);
  }

  async close(): Promise<void> {
    await this.#stream.close();
  }
}
