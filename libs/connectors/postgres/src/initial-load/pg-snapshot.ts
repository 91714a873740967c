import { assert } from '@millrace/kernel';

const XID_SPACE = 2 ** 32;

/**
 * A `pg_snapshot`: which transactions a query sees. Text form `xmin:xmax:xip,…` with 64-bit transaction ids.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 *
 * Snapshots of one server only ever see more: what an earlier one sees, a later one sees too.
 */
export class PgSnapshot {
  /** As PostgreSQL wrote it. */
  readonly text: string;
  readonly #xmin: number;
  readonly #xmax: number;
  readonly #running: ReadonlySet<number>;

  private constructor(text: string, xmin: number, xmax: number, running: ReadonlySet<number>) {
    this.text = text;
    this.#xmin = xmin;
    this.#xmax = xmax;
    this.#running = running;
  }

  static parse(text: string): PgSnapshot {
    const [xmin, xmax, running] = text.split(':');
    assert(xmin !== undefined && xmax !== undefined && running !== undefined, `"${text}" is a pg_snapshot`);
    // Ids stay below 2^53 for the first two million wraparounds, so numbers hold them exactly.
    return new PgSnapshot(
      text,
      Number(xmin),
      Number(xmax),
      new Set(running === '' ? [] : running.split(',').map(Number)),
    );
  }

  /** Whether a committed transaction, known by the 32-bit id of the stream, is visible. */
  sees(xid: number): boolean {
    const full = this.#widen(xid);
    return full < this.#xmin || (full < this.#xmax && !this.#running.has(full));
  }

  /** Ids of one time are less than 2^31 apart, so the epoch is the one that brings the id nearest to xmax. */
  #widen(xid: number): number {
    const candidate = this.#xmax - (this.#xmax % XID_SPACE) + xid;
    const distance = candidate - this.#xmax;
    if (distance > XID_SPACE / 2) return candidate - XID_SPACE;
    return distance < -XID_SPACE / 2 ? candidate + XID_SPACE : candidate;
  }
}
