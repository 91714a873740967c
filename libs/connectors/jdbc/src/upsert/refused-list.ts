import { comparePositions, type Lsn, type Position } from '@millrace/formats';
import { waitingPrefix } from '../append/append-plan.ts';
import type { TargetSession, WriterIdentity } from '../dialect.ts';

/** Bytes of a reason that are kept; two digits each. */
const REASON_BYTES_MAX = 1_000;

/** Why an event was set aside; `undefined`: an earlier one of its key was. */
export interface RefusedEvent {
  readonly position: Position;
  readonly reason: string | undefined;
}

/** Digits that sort as positions do. */
const lsnKey = (lsn: Lsn): string => lsn.toString(16).toUpperCase().padStart(16, '0');
const nameOf = ({ commitLsn, index }: Position): string => `${lsnKey(commitLsn)} ${index}`;
// Digits need no quoting that dialects differ in.
const hex = (text: string): string => Buffer.from(text).subarray(0, REASON_BYTES_MAX).toString('hex');

/**
 * Which events at or below the progress were set aside and not written since the last snapshot. Stored in the transaction that brings
 * the progress: after a crash they come again, and have to be set aside again, not skipped as written.
 */
export class RefusedList {
  readonly #session: TargetSession;
  readonly #table: string;
  readonly #known = new Map<string, RefusedEvent>();

  private constructor(session: TargetSession, table: string) {
    this.#session = session;
    this.#table = table;
  }

  /** On a session that has claimed its progress. `afresh`: what earlier executions set aside says nothing. */
  static async open(session: TargetSession, identity: WriterIdentity, afresh: boolean): Promise<RefusedList> {
    const table = `${waitingPrefix(identity)}refused_${identity.writer}`;
    const list = new RefusedList(session, table);
    // All dialects take these statements. The table goes with the job's other tables.
    await session.execute(
      `create table if not exists ${table} (commit_lsn varchar(16) not null, event_index bigint not null, reason varchar(2000) not null, primary key (commit_lsn, event_index))`,
    );
    if (afresh) await session.execute(`delete from ${table}`);
    else await list.#read();
    return list;
  }

  get size(): number {
    return this.#known.size;
  }

  find(position: Position): RefusedEvent | undefined {
    return this.#known.get(nameOf(position));
  }

  /** In the open transaction; `stored` when that is committed. */
  async store(events: readonly RefusedEvent[]): Promise<void> {
    for (const { position, reason } of events) {
      if (this.find(position) !== undefined) continue;
      await this.#session.execute(
        `insert into ${this.#table} (commit_lsn, event_index, reason) values ('${lsnKey(position.commitLsn)}', ${position.index}, '${hex(reason ?? '')}')`,
      );
    }
  }

  stored(events: readonly RefusedEvent[]): void {
    for (const event of events) this.#known.set(nameOf(event.position), event);
  }

  /** A snapshot holds what was set aside up to here. In the open transaction. */
  async forget(upTo: Position): Promise<void> {
    const lsn = lsnKey(upTo.commitLsn);
    await this.#session.execute(
      `delete from ${this.#table} where commit_lsn < '${lsn}' or commit_lsn = '${lsn}' and event_index <= ${upTo.index}`,
    );
    for (const [name, { position }] of this.#known) if (comparePositions(position, upTo) <= 0) this.#known.delete(name);
  }

  async #read(): Promise<void> {
    for (let at = 0; ; at++) {
      const { row } = await this.#session.execute(
        `select commit_lsn, event_index, reason from ${this.#table} order by commit_lsn, event_index limit 1 offset ${at}`,
      );
      if (row === undefined) return;
      const position = {
        commitLsn: BigInt(`0x${String(row['commit_lsn'])}`) as Lsn,
        index: Number(row['event_index']),
      };
      const reason = Buffer.from(String(row['reason']), 'hex').toString();
      this.#known.set(nameOf(position), { position, reason: reason === '' ? undefined : reason });
    }
  }
}
