import { createHash } from 'node:crypto';
import { formatLsn, type Position } from '@millrace/formats';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { Progress, WriterIdentity } from '../../dialect.ts';
import { fenced } from '../../target/fenced.ts';
import { progressOf } from '../../target/progress-row.ts';

/** In the database of the connection. */
export const PROGRESS_TABLE = 'millrace_progress';

const NAME = 'varchar(191) character set utf8mb4 collate utf8mb4_bin not null';
const CREATE = `create table if not exists ${PROGRESS_TABLE} (
  job_id ${NAME},
  sink ${NAME},
  writer int not null,
  generation bigint not null,
  commit_lsn varchar(17),
  event_index bigint,
  snapshot_id bigint,
  updated_at datetime(6) not null default current_timestamp(6),
  primary key (job_id, sink, writer)
) engine=InnoDB`;

/** How long a session that was ended may take to give its name up. */
const LOCK_SECONDS = 10;

const OWN_ROW = 'job_id = ? and sink = ? and writer = ?';
const ownRow = ({ jobId, sink, writer }: WriterIdentity): (string | number)[] => [jobId, sink, writer];

export async function createProgressTable(connection: Connection): Promise<void> {
  // Asked first: "if not exists" wants the right to create even when there is nothing to do.
  if (await hasProgressTable(connection)) return;
  await connection.query(CREATE);
}

export async function hasProgressTable(connection: Connection): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'select 1 from information_schema.tables where table_schema = database() and table_name = ?',
    [PROGRESS_TABLE],
  );
  return rows.length > 0;
}

/**
 * A lock of the server that names the session of a writer: it goes with the session, so whoever holds it is that writer and no
 * other. At most 64 bytes; locks are the server's, not the database's.
 */
export function sessionLock({ jobId, sink, writer }: WriterIdentity, database: string): string {
  return `millrace/${createHash('sha256').update(`${database}\0${jobId}\0${sink}\0${writer}`).digest('base64url')}`;
}

/**
 * Ends the session of an older generation of this writer, and takes its name. One that hangs (its process stopped, its network
 * cut) in an open transaction would keep its locks for ever.
 * @throws MillraceError `jdbc.fenced`
 */
export async function endOlderSession(connection: Connection, identity: WriterIdentity, lock: string): Promise<void> {
  const known = await generationOf(connection, identity);
  if (known === undefined) {
    // By itself: in a transaction that hangs nobody else would see it, and wait for it.
    await connection.query(
      `insert into ${PROGRESS_TABLE} (job_id, sink, writer, generation) values (?, ?, ?, 0) on duplicate key update writer = writer`,
      ownRow(identity),
    );
  }
  if ((known ?? 0) > identity.generation) throw fenced(identity);
  if ((known ?? 0) < identity.generation) {
    const [holders] = await connection.query<RowDataPacket[]>('select is_used_lock(?) as session', [lock]);
    const session = holders[0]!['session'] as number | null;
    // It may have ended by itself meanwhile.
    if (session !== null) await connection.query(`kill ${Number(session)}`).catch(() => {});
  }
  await connection.query(`select get_lock(?, ${LOCK_SECONDS})`, [lock]);
}

async function generationOf(connection: Connection, identity: WriterIdentity): Promise<number | undefined> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `select generation from ${PROGRESS_TABLE} where ${OWN_ROW}`,
    ownRow(identity),
  );
  return rows[0] === undefined ? undefined : Number(rows[0]['generation']);
}

/**
 * Raises the generation; waits for an older writer's open transaction, so what is read here is final.
 * @throws MillraceError `jdbc.fenced`
 */
export async function claimProgress(
  connection: Connection,
  identity: WriterIdentity,
  afresh: boolean,
): Promise<Progress> {
  const own = ownRow(identity);
  await connection.query('begin');
  const [rows] = await connection.query<RowDataPacket[]>(
    `select generation, commit_lsn, event_index, snapshot_id from ${PROGRESS_TABLE} where ${OWN_ROW} for update`,
    own,
  );
  const row = rows[0];
  if (row === undefined || Number(row['generation']) > identity.generation) {
    await connection.query('rollback');
    throw fenced(identity);
  }
  const reset = afresh ? ', commit_lsn = null, event_index = null, snapshot_id = null' : '';
  await connection.query(`update ${PROGRESS_TABLE} set generation = ?, updated_at = now(6)${reset} where ${OWN_ROW}`, [
    identity.generation,
    ...own,
  ]);
  await connection.query('commit');
  if (afresh) return { position: undefined, snapshotId: undefined };
  return progressOf(
    row['commit_lsn'] as string | null,
    row['event_index'] as string | null,
    row['snapshot_id'] as string | null,
  );
}

/** Updates the row in the open transaction. @throws MillraceError `jdbc.fenced` when a newer generation has been here. */
export async function storeProgress(
  connection: Connection,
  identity: WriterIdentity,
  position: Position | undefined,
  snapshotId: number | undefined,
): Promise<void> {
  const sets = ['updated_at = now(6)'];
  const values: (string | number)[] = [];
  if (position !== undefined) {
    sets.push('commit_lsn = ?', 'event_index = ?');
    values.push(formatLsn(position.commitLsn), position.index);
  }
  if (snapshotId !== undefined) {
    sets.push('snapshot_id = ?');
    values.push(snapshotId);
  }
  const [result] = await connection.query<ResultSetHeader>(
    `update ${PROGRESS_TABLE} set ${sets.join(', ')} where ${OWN_ROW} and generation = ?`,
    [...values, ...ownRow(identity), identity.generation],
  );
  if (result.affectedRows === 1) return;
  await connection.query('rollback');
  throw fenced(identity);
}
