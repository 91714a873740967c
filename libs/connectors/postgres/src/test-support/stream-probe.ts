import type { ChangeBatch, Lsn, TableSchema } from '@millrace/formats';
import { parseLsn } from '@millrace/formats';
import { systemClock } from '@millrace/kernel';
import type { TestDatabase } from '@millrace/testing';
import type { Client } from 'pg';
import { openSession } from '../session.ts';
import { ChangeStream } from '../stream/change-stream.ts';
import { EventWriter } from '../stream/event-writer.ts';
import { readTableCatalog } from '../types/table-catalog.ts';
import { type ReadableEvent, readableEvents } from './readable-events.ts';

const SLOT = 'probe';
const PUBLICATION = 'probe';

/** A stream without the processor around it: what a test commits, it returns as events. */
export class StreamProbe implements AsyncDisposable {
  readonly batches: ChangeBatch[] = [];
  readonly #database: TestDatabase;
  readonly #session: Client;
  readonly #writer = new EventWriter();
  #stream!: ChangeStream;
  #wake: () => void = () => {};
  #failure: unknown;

  private constructor(database: TestDatabase, session: Client) {
    this.#database = database;
    this.#session = session;
  }

  /** Publishes all tables there are, and messages with these prefixes, and starts streaming from here. */
  static async open(database: TestDatabase, messagePrefixes: readonly string[] = []): Promise<StreamProbe> {
    await database.query(`CREATE PUBLICATION ${PUBLICATION} FOR ALL TABLES`);
    const [slot] = await database.query<{ lsn: string }>(
      `SELECT lsn::text FROM pg_create_logical_replication_slot('${SLOT}_${database.name}', 'pgoutput')`,
    );
    const options = { ...database.connection, ssl: 'disable' as const };
    const session = await openSession(options, { applicationName: 'probe' });
    const probe = new StreamProbe(database, session);
    probe.#stream = await ChangeStream.open({
      connect: (stream) => openSession(options, { applicationName: 'probe stream', replication: true, stream }),
      session,
      clock: systemClock,
      signal: new AbortController().signal,
      slot: `${SLOT}_${database.name}`,
      publication: PUBLICATION,
      resumeLsn: parseLsn(slot!.lsn) as Lsn,
      catalog: await readTableCatalog(session, PUBLICATION),
      messagePrefixes,
      writer: probe.#writer,
      load: undefined,
      wake: () => probe.#wake(),
      measure: () => {},
      fail: (error) => {
        probe.#failure = error;
        probe.#wake();
      },
    });
    return probe;
  }

  /** Of the newest event's table. Not of the newest batch: that has no events when only a Commit was still to come. */
  get newestSchema(): TableSchema {
    return this.batches.flatMap((batch) => batch.schemas).at(-1)!;
  }

  /** Runs statements as one simple query (so one transaction, unless they say otherwise) and returns the events that come of it. */
  async changes(sql: string): Promise<readonly ReadableEvent[]> {
    await this.#database.query(sql);
    return await this.untilNow();
  }

  /** Events up to the server's current end of WAL. */
  async untilNow(): Promise<readonly ReadableEvent[]> {
    const [now] = await this.#database.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
    const target = parseLsn(now!.lsn);
    const first = this.batches.length;
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const end = this.#stream.walk(false);
      if (this.#failure !== undefined) throw this.#failure;
      if (!this.#writer.isEmpty) this.batches.push(this.#writer.take(this.#stream.receivedMs));
      if (this.#stream.resumeLsn >= target && this.#stream.isAtBoundary) break;
      if (end !== 'full') await woken;
    }
    return this.batches.slice(first).flatMap(readableEvents);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream.close();
    await this.#session.end();
  }
}
