import { type Lsn, parseLsn } from '@millrace/formats';
import { type Clock, MillraceError } from '@millrace/kernel';
import type { ClientBase } from 'pg';
import { ConnectionLost } from '../errors.ts';

const TICK_MS = 1_000;
/** Silence after which the server is asked to say something. */
const ASK_AFTER_MS = 10_000;
/** Silence after which the connection is given up: packets are lost on the way, and TCP alone would take a quarter of an hour to say so. */
const GIVE_UP_AFTER_MS = 60_000;

const SERVER_POSITION = `SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_flush_lsn() END::text AS position`;

export interface StreamWatchOptions {
  readonly clock: Clock;
  readonly session: ClientBase;
  /** How long the stream has been waiting for the server without a byte; 0 when it is not waiting. */
  readonly silentMs: () => number;
  /** Somebody waits to hear that the stream has come to where the server is now. */
  readonly isAwaited: () => boolean;
  /** Asks the server for a sign of life. */
  readonly ask: () => void;
  /** Once a second, with the server's end of WAL. */
  readonly onServerPosition: (position: Lsn) => void;
  readonly fail: (error: unknown) => void;
}

/** Looks once a second whether the server is still there and where its WAL ends: while it sends a backlog its messages don't tell. */
export class StreamWatch {
  readonly #options: StreamWatchOptions;
  #cancelTimer: (() => void) | undefined;
  #isAsking = false;

  constructor(options: StreamWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#cancelTimer = this.#options.clock.timer(TICK_MS, () => this.#tick());
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #tick(): void {
    this.start();
    const silentMs = this.#options.silentMs();
    if (silentMs > GIVE_UP_AFTER_MS) {
      this.stop();
      this.#options.fail(
        new MillraceError(ConnectionLost, {
          message: `the replication connection has been silent for ${Math.round(silentMs / 1_000)} s, though the server was asked for an answer`,
          mend: 'Nothing to do: the job tries again by itself and continues from its last snapshot.',
        }),
      );
    } else if (silentMs > ASK_AFTER_MS || (silentMs > 0 && this.#options.isAwaited())) {
      this.#options.ask();
    }
    if (!this.#isAsking) void this.#askPosition();
  }

  async #askPosition(): Promise<void> {
    this.#isAsking = true;
    try {
      const { rows } = await this.#options.session.query<{ position: string }>(SERVER_POSITION);
      if (this.#cancelTimer !== undefined) this.#options.onServerPosition(parseLsn(rows[0]!.position));
    } catch (error) {
      if (this.#cancelTimer !== undefined) {
        this.#options.fail(
          new MillraceError(
            ConnectionLost,
            {
              message: `asking the source for its WAL position failed: ${String(error)}`,
              mend: 'Nothing to do: the job tries again by itself.',
            },
            { cause: error },
          ),
        );
      }
    } finally {
      this.#isAsking = false;
    }
  }
}
