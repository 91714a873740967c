import { type Clock, MillraceError } from '@millrace/kernel';
import { PositionNotReached, SlotUnknown, TablesBusy } from './errors.ts';
import type { Session } from './session.ts';

/** Who says that the target holds everything up to a position: these slots, all slots of a job, or nobody (both sides are at rest). */
export type PositionProof = { readonly slots: readonly string[] } | { readonly jobId: string } | 'at-rest';

/**
 * Wait for the first lock of an attempt. Above PostgreSQL's default `deadlock_timeout` (1 s), after which an autovacuum that is in the way is cancelled.
 */
const FIRST_LOCK_WAIT_MS_MAX = 1_500;

/**
 * Wait for the others, while writers may already wait for us. Short, so that where writers lock the tables in another order it is the comparison that
 * gives way, long before PostgreSQL looks for a deadlock to break.
 */
const NEXT_LOCK_WAIT_MS_MAX = 200;
const LOCK_RETRY_MS = 300;
const POLL_MS = 50;

/** SQLSTATEs after which the lock is tried again: lock_not_available, deadlock_detected. */
const LOCK_RETRIED = new Set(['55P03', '40P01']);

const SNAPSHOT = 'begin isolation level repeatable read read only; select pg_current_snapshot()';

interface SlotRow {
  readonly slot_name: string;
  readonly confirmed: string;
  readonly behind: string;
  readonly reached: boolean;
  readonly active: boolean;
}

/**
 * Brings both readers to one position: when it returns, each has a transaction open whose snapshot holds exactly the transactions that the
 * source committed up to the returned LSN, and nobody is blocked any more.
 *
 * With the source's tables locked against writers nothing can commit to them, so what the reader's snapshot shows is the state at the
 * current end of the log, L. A slot confirms a position only after the sink has committed all before it: from then on, until the lock is released, the
 * target holds the state at L as well.
 * @param locker a session of its own on the source
 * @throws MillraceError `verify.tables_busy`, `verify.slot_unknown`, `verify.position_not_reached`, `verify.not_permitted`
 */
export async function takeCommonPosition(
  sessions: { readonly locker: Session; readonly source: Session; readonly target: Session },
  tables: readonly string[],
  proof: PositionProof,
  waitMs: number,
  clock: Clock,
): Promise<{ readonly lsn: string; readonly lockedMs: number }> {
  const { locker, source, target } = sessions;
  const deadline = clock.monotonicMs() + waitMs;
  await lockTables(locker, tables, deadline, waitMs, clock);
  const lockedAt = clock.monotonicMs();
  try {
    const [end] = await locker.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
    const lsn = end!.lsn;
    if (proof !== 'at-rest') await moveLogOn(source);
    await source.query(SNAPSHOT);
    if (proof !== 'at-rest') await waitForSlots(locker, proof, lsn, deadline, waitMs, clock);
    await target.query(SNAPSHOT);
    // Also the proof that the locks were held until here: had the session been lost, this would fail.
    await locker.query('rollback');
    return { lsn, lockedMs: Math.round(clock.monotonicMs() - lockedAt) };
  } catch (error) {
    await locker.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function lockTables(
  locker: Session,
  tables: readonly string[],
  deadline: number,
  waitMs: number,
  clock: Clock,
): Promise<void> {
  const names = [...new Set(tables)];
  for (let attempt = 0; ; attempt++) {
    // Each attempt begins with another table, so that each gets its long wait.
    const first = attempt % names.length;
    try {
      await locker.query('begin');
      for (const [index, name] of [...names.slice(first), ...names.slice(0, first)].entries()) {
        await locker.query(`set local lock_timeout = ${index === 0 ? FIRST_LOCK_WAIT_MS_MAX : NEXT_LOCK_WAIT_MS_MAX}`);
        await locker.query(`lock table ${name} in share mode`);
      }
      return;
    } catch (error) {
      await locker.query('rollback');
      if (!(error instanceof MillraceError) || !LOCK_RETRIED.has(String(error.details.sqlState))) throw error;
      if (clock.monotonicMs() >= deadline) {
        throw new MillraceError(
          TablesBusy,
          {
            message: `no moment without a writer on ${names.join(', ')} within ${waitMs} ms`,
            mend: "Wait for the long transactions to end, or raise the wait. Find them: SELECT pid, xact_start, state, query FROM pg_stat_activity WHERE xact_start < now() - interval '1 second' ORDER BY xact_start;",
            details: { tables, waitMs },
          },
          { cause: error },
        );
      }
      await clock.sleep(LOCK_RETRY_MS);
    }
  }
}

/**
 * Commits something after L, so that L is flushed and the walsender has something to send past it: on an idle server the confirmed position could stay
 * just below. A help, not a condition: who has no right to do it waits for the server's own activity.
 */
async function moveLogOn(source: Session): Promise<void> {
  await source.query("select pg_logical_emit_message(true, 'millrace', '')").catch(() => undefined);
}

async function waitForSlots(
  locker: Session,
  proof: Exclude<PositionProof, 'at-rest'>,
  lsn: string,
  deadline: number,
  waitMs: number,
  clock: Clock,
): Promise<void> {
  const [condition, value] =
    'slots' in proof
      ? ['slot_name = any($2)', proof.slots]
      : ["slot_name like $2 escape '!'", `millrace!_${proof.jobId.toLowerCase().replaceAll('_', '!_')}!_%`];
  const sql = `select slot_name, confirmed_flush_lsn::text as confirmed, ($1::pg_lsn - confirmed_flush_lsn)::text as behind, confirmed_flush_lsn >= $1::pg_lsn as reached, active
    from pg_replication_slots where slot_type = 'logical' and ${condition}`;
  for (;;) {
    const rows = await locker.query<SlotRow>(sql, [lsn, value]);
    const missing =
      'slots' in proof
        ? proof.slots.filter((name) => !rows.some((row) => row.slot_name === name))
        : rows.length === 0
          ? [`of job ${proof.jobId}`]
          : [];
    if (missing.length > 0) throw await slotUnknown(locker, missing);
    const late = rows.filter((row) => !row.reached);
    if (late.length === 0) return;
    if (clock.monotonicMs() >= deadline) {
      const each = late.map(
        (row) =>
          `${row.slot_name} is at ${row.confirmed}, ${row.behind} bytes behind${row.active ? '' : ' and not in use'}`,
      );
      throw new MillraceError(PositionNotReached, {
        message: `the job did not confirm ${lsn} within ${waitMs} ms: ${each.join('; ')}`,
        mend: late.some((row) => !row.active)
          ? 'Start or resume the job, then compare again.'
          : 'Compare when there is less to do, or raise the wait (writers are blocked that long).',
        details: {
          lsn,
          slots: late.map((row) => ({ slot: row.slot_name, confirmed: row.confirmed, active: row.active })),
        },
      });
    }
    await clock.sleep(POLL_MS);
  }
}

async function slotUnknown(locker: Session, missing: readonly string[]): Promise<MillraceError> {
  const known = await locker.query<{ slot_name: string }>(
    "select slot_name::text from pg_replication_slots where slot_type = 'logical' order by 1 limit 20",
  );
  return new MillraceError(SlotUnknown, {
    message: `the source has no logical replication slot ${missing.join(', ')}`,
    mend:
      known.length > 0
        ? `Its slots: ${known.map(({ slot_name }) => slot_name).join(', ')}.`
        : 'It has no logical slot at all: is the job running, and is this its source?',
    details: { missing },
  });
}
