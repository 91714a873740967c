import type { DatabaseSync } from 'node:sqlite';
import { formatLsn, type Position } from '@millrace/formats';
import type { Progress, WriterIdentity } from '../../dialect.ts';
import { fenced } from '../../target/fenced.ts';
import { progressOf } from '../../target/progress-row.ts';

export const PROGRESS_TABLE = 'millrace_progress';

const CREATE = `create table if not exists ${PROGRESS_TABLE} (
  job_id text not null,
  sink text not null,
  writer integer not null,
  generation integer not null,
  commit_lsn text,
  event_index integer,
  snapshot_id integer,
  updated_at text not null default current_timestamp,
  primary key (job_id, sink, writer)
) strict`;

const OWN_ROW = 'job_id = ? and sink = ? and writer = ?';
const ownRow = ({ jobId, sink, writer }: WriterIdentity): [string, string, number] => [jobId, sink, writer];

/**
 * Raises the generation, in the open transaction.
 * @throws MillraceError `jdbc.fenced`
 */
export function claimProgress(database: DatabaseSync, identity: WriterIdentity, afresh: boolean): Progress {
  database.exec(CREATE);
  const own = ownRow(identity);
  const found = database
    .prepare(`select generation, commit_lsn, event_index, snapshot_id from ${PROGRESS_TABLE} where ${OWN_ROW}`)
    .get(...own);
  if (found !== undefined && Number(found['generation']) > identity.generation) throw fenced(identity);
  const keep = (column: string): string => (afresh ? 'null' : column);
  database
    .prepare(
      `insert into ${PROGRESS_TABLE} (job_id, sink, writer, generation) values (?, ?, ?, ?)
       on conflict (job_id, sink, writer) do update set generation = excluded.generation, updated_at = current_timestamp,
         commit_lsn = ${keep('commit_lsn')}, event_index = ${keep('event_index')}, snapshot_id = ${keep('snapshot_id')}`,
    )
    .run(...own, identity.generation);
  if (afresh || found === undefined) return { position: undefined, snapshotId: undefined };
  return progressOf(
    found['commit_lsn'] as string | null,
    found['event_index'] as number | null,
    found['snapshot_id'] as number | null,
  );
}

/** Updates the row in the open transaction. @throws MillraceError `jdbc.fenced` when a newer generation has been here. */
export function storeProgress(
  database: DatabaseSync,
  identity: WriterIdentity,
  position: Position | undefined,
  snapshotId: number | undefined,
): void {
  const { changes } = database
    .prepare(
      `update ${PROGRESS_TABLE} set updated_at = current_timestamp, commit_lsn = coalesce(?, commit_lsn),
         event_index = coalesce(?, event_index), snapshot_id = coalesce(?, snapshot_id) where ${OWN_ROW} and generation = ?`,
    )
    .run(
      position === undefined ? null : formatLsn(position.commitLsn),
      position?.index ?? null,
      snapshotId ?? null,
      ...ownRow(identity),
      identity.generation,
    );
  if (changes !== 1) throw fenced(identity);
}
