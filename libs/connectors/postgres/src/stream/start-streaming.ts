import { formatLsn, type Lsn } from '@millrace/formats';
import { type Clock, MillraceError } from '@millrace/kernel';
import pg, { type ClientBase } from 'pg';
import { SlotInUse } from '../errors.ts';
import { type ReplicationConnect, ReplicationConnection, type StreamCallbacks } from './replication-connection.ts';

/** A walsender of an execution that just ended needs a moment to notice. After this it is terminated. */
const LEAVE_ALONE_MS = 500;
const WAIT_MS_MAX = 10_000;
const RETRY_PAUSE_MS = 100;

export interface StreamingOptions extends StreamCallbacks {
  readonly connect: ReplicationConnect;
  /** An ordinary session with the same user. */
  readonly session: ClientBase;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly slot: string;
  readonly publication: string;
  readonly from: Lsn;
  /** Also what transactions write with `pg_logical_emit_message`. PostgreSQL 14. */
  readonly messages: boolean;
}

const quoteLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * Starts streaming from the job's slot. A slot still held by an execution that went away, or by a worker that is paused and does not
 * know that it was replaced, is taken from it.
 * @throws MillraceError as `ReplicationConnection.start`
 */
export async function startStreaming(options: StreamingOptions): Promise<ReplicationConnection> {
  const { clock, slot } = options;
  const publications = quoteLiteral(pg.escapeIdentifier(options.publication));
  const messages = options.messages ? ", messages 'true'" : '';
  const command = `START_REPLICATION SLOT ${pg.escapeIdentifier(slot)} LOGICAL ${formatLsn(options.from)} (proto_version '1', publication_names ${publications}${messages})`;
  const startMs = clock.monotonicMs();
  for (;;) {
    const connection = await ReplicationConnection.open(options.connect, clock);
    try {
      await connection.start(slot, command, options);
      return connection;
    } catch (error) {
      await connection.close();
      const waitedMs = clock.monotonicMs() - startMs;
      if (!(error instanceof MillraceError) || error.code !== SlotInUse || waitedMs > WAIT_MS_MAX) throw error;
      if (waitedMs > LEAVE_ALONE_MS) await evict(options.session, slot);
      await clock.sleep(RETRY_PAUSE_MS, options.signal);
    }
  }
}

async function evict(session: ClientBase, slot: string): Promise<void> {
  await session.query(
    'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active_pid IS NOT NULL',
    [slot],
  );
}
