import { formatLsn, type Position } from '@millrace/formats';
import type pg from 'pg';
import type { Progress, WriterIdentity } from '../../dialect.ts';
import { fenced } from '../../target/fenced.ts';
import { progressOf } from '../../target/progress-row.ts';
import { quoteText } from './quote.ts';

/** Found by the role's `search_path`, made in its first schema. */
export const PROGRESS_TABLE = 'millrace_progress';

const CREATE = `create table if not exists ${PROGRESS_TABLE} (
  job_id text not null,
  sink text not null,
  writer integer not null,
  generation bigint not null,
  commit_lsn pg_lsn,
  event_index bigint,
  snapshot_id bigint,
  updated_at timestamptz not null default now(),
  primary key (job_id, sink, writer)
)`;

/** Serializes the making of the table: `if not exists` alone lets two sessions collide. Any constant does. */
const CREATE_LOCK = 7_209_114_551;

/** Sessions of one writer, by name, in every server's list; the last part is the generation. At most 63 bytes. */
const SESSION_PARTS = 5;

export async function createProgressTable(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query(`select to_regclass('${PROGRESS_TABLE}') is not null as found`);
  if (rows[0].found) return;
  await client.query(`begin; select pg_advisory_xact_lock(${CREATE_LOCK}); ${CREATE}; commit`);
}

/**
 * Ends the sessions of older generations of this writer. One that hangs (its process stopped, its network cut) in an open
 * transaction would keep its locks for ever.
 */
export async function endOlderSessions(client: pg.ClientBase, name: string, generation: number): Promise<void> {
  const prefix = name.slice(0, name.lastIndexOf('/') + 1);
  const { rows } = await client.query<{ pid: number; application_name: string }>(
    `select pid, application_name from pg_stat_activity
     where datname = current_database() and usename = current_user and pid <> pg_backend_pid() and starts_with(application_name, $1)`,
    [prefix],
  );
  for (const row of rows) {
    const parts = row.application_name.split('/');
    if (parts.length !== SESSION_PARTS || !(Number(parts.at(-1)) < generation)) continue;
    await client.query('select pg_terminate_backend($1)', [row.pid]);
  }
}

/**
 * Raises the generation; waits for an older writer's open transaction, so what is read here is final.
 * @throws MillraceError `jdbc.fenced`
 */
export async function claimProgress(
  client: pg.ClientBase,
  identity: WriterIdentity,
  afresh: boolean,
): Promise<Progress> {
  const { jobId, sink, writer, generation } = identity;
  const keep = (column: string): string => (afresh ? 'null' : `p.${column}`);
  const { rows } = await client.query<Record<'commit_lsn' | 'event_index' | 'snapshot_id', string | null>>(
    `insert into ${PROGRESS_TABLE} as p (job_id, sink, writer, generation) values ($1, $2, $3, $4)
     on conflict (job_id, sink, writer) do update
       set generation = excluded.generation, updated_at = now(), commit_lsn = ${keep('commit_lsn')}, event_index = ${keep('event_index')},
         snapshot_id = ${keep('snapshot_id')}
       where p.generation <= excluded.generation
     returning commit_lsn::text, event_index::text, snapshot_id::text`,
    [jobId, sink, writer, generation],
  );
  const row = rows[0];
  if (row === undefined) throw fenced(identity);
  return progressOf(row.commit_lsn, row.event_index, row.snapshot_id);
}

const FENCED_MARK = 'millrace fenced, rows ';

/** Updates the row, and fails when a newer generation has been here: the commit in the same round trip is not reached. */
export function progressSql(
  identity: WriterIdentity,
  position: Position | undefined,
  snapshotId: number | undefined,
): string {
  const sets = ['updated_at = now()'];
  if (position !== undefined) {
    sets.push(`commit_lsn = '${formatLsn(position.commitLsn)}'`, `event_index = ${position.index}`);
  }
  if (snapshotId !== undefined) sets.push(`snapshot_id = ${snapshotId}`);
  const update = `update ${PROGRESS_TABLE} set ${sets.join(', ')} where job_id = ${quoteText(identity.jobId)} and sink = ${quoteText(identity.sink)} and writer = ${identity.writer} and generation = ${identity.generation}`;
  return `with updated as (${update} returning 1) select case when count(*) <> 1 then ('${FENCED_MARK}' || count(*))::int end from updated`;
}

/** Is this the failure of `progressSql`? */
export const isFenced = (error: unknown): boolean => error instanceof Error && error.message.includes(FENCED_MARK);
