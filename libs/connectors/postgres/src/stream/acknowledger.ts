import type { Lsn } from '@millrace/formats';
import type { Clock } from '@millrace/kernel';

/** Longest pause between two status updates; shorter when the server's `wal_sender_timeout` asks for it. */
export const STATUS_INTERVAL_MS_MAX = 1_000;
const STATUS_INTERVAL_MS_MIN = 50;

/** Milliseconds from 1970 to 2000. */
const POSTGRES_EPOCH_MS = 946_684_800_000;

const COPY_DATA = 0x64; // 'd'
const STATUS_UPDATE = 0x72; // 'r'

export interface AcknowledgerOptions {
  readonly clock: Clock;
  /** Sends a frontend message. */
  readonly send: (message: Uint8Array) => void;
  /** What a committed snapshot already covers, or where a new slot begins. */
  readonly acknowledged: Lsn;
  /** The server's `wal_sender_timeout`; 0 when switched off. */
  readonly walSenderTimeoutMs: number;
}

/**
 * Answers the server: what arrived, and what it may forget. The timer runs whether or not anything downstream has room, so
 * back-pressure never costs the connection.
 *
 * INV-1: upstream history is released last. `flush` and `apply` are positions of committed snapshots only: the server takes `flush` as leave
 * to remove WAL and to never send those transactions again. `write` (what arrived) has no such meaning for a logical slot.
 * https://www.postgresql.org/docs/current/protocol-replication.html ("Standby status update")
 */
export class Acknowledger {
  readonly #options: AcknowledgerOptions;
  readonly #intervalMs: number;
  /** Resume positions of snapshots that are saved but not committed yet. */
  readonly #saved = new Map<number, Lsn>();
  #acknowledged: Lsn;
  #received: Lsn;
  #cancelTimer: (() => void) | undefined;

  constructor(options: AcknowledgerOptions) {
    this.#options = options;
    this.#acknowledged = options.acknowledged;
    this.#received = options.acknowledged;
    const timeoutMs = options.walSenderTimeoutMs;
    this.#intervalMs =
      timeoutMs === 0
        ? STATUS_INTERVAL_MS_MAX
        : Math.max(STATUS_INTERVAL_MS_MIN, Math.min(STATUS_INTERVAL_MS_MAX, timeoutMs / 4));
  }

  get acknowledged(): Lsn {
    return this.#acknowledged;
  }

  start(): void {
    this.reply();
    this.#cancelTimer = this.#options.clock.timer(this.#intervalMs, () => this.start());
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Everything before `position` has arrived. */
  received(position: Lsn): void {
    if (position > this.#received) this.#received = position;
  }

  /** Snapshot `snapshotId` holds this position. */
  saved(snapshotId: number, position: Lsn): void {
    this.#saved.set(snapshotId, position);
  }

  /** Snapshot `snapshotId` is durable. Safe to call twice. */
  committed(snapshotId: number): void {
    const position = this.#saved.get(snapshotId);
    for (const id of this.#saved.keys()) if (id <= snapshotId) this.#saved.delete(id);
    if (position !== undefined) this.acknowledge(position);
  }

  /** Lets the server forget everything before `position`. */
  acknowledge(position: Lsn): void {
    if (position <= this.#acknowledged) return;
    this.#acknowledged = position;
    this.received(position);
    this.reply();
  }

  /** Sends a status update now; `wantsAnswer` asks the server for a keepalive. */
  reply(wantsAnswer = false): void {
    const message = Buffer.alloc(39);
    message[0] = COPY_DATA;
    message.writeInt32BE(38, 1);
    message[5] = STATUS_UPDATE;
    message.writeBigUInt64BE(this.#received, 6);
    message.writeBigUInt64BE(this.#acknowledged, 14);
    message.writeBigUInt64BE(this.#acknowledged, 22);
    message.writeBigInt64BE(BigInt(Math.round(this.#options.clock.nowMs() - POSTGRES_EPOCH_MS)) * 1_000n, 30);
    message[38] = wantsAnswer ? 1 : 0;
    this.#options.send(message);
  }
}
