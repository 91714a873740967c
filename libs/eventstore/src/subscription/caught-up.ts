import { type Clock, MillraceError, systemClock } from '@millrace/kernel';
import { NoSuchConsumer, NotCaughtUp } from '../errors.ts';
import { quoteName } from '../schema/names.ts';
import type { EventStore } from '../store/event-store.ts';
import type { Executor } from '../store/executor.ts';
import { poke } from './pokes.ts';

const TIMEOUT_MS_DEFAULT = 5_000;
const POLL_MS = 5;
const POLL_MS_MAX = 50;

export interface WaitOptions {
  /** Give up after this. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A position in the log behind everything that is committed now. Take it after an append; inside a transaction it does not cover what
 * that has yet to commit.
 */
export async function currentPosition(executor: Executor): Promise<string> {
  const { rows } = await executor.query('SELECT pg_current_wal_insert_lsn()::text AS lsn');
  return (rows[0] as { lsn: string }).lsn;
}

/**
 * Resolves when a projection has taken in, or a subscriber has acknowledged, everything up to `position`, in whichever process it runs.
 * @param position of `currentPosition`; default: now
 * @throws MillraceError `eventstore.not_caught_up`, `eventstore.no_such_consumer`; the signal's reason
 */
export async function waitFor(
  executor: Executor,
  store: EventStore,
  name: string,
  position?: string,
  options: WaitOptions = {},
): Promise<void> {
  await untilPassed(executor, store, 'name = $2', name, position, options);
}

/** The same for all projections of a group. Default: `projections`. */
export async function whenCaughtUp(
  executor: Executor,
  store: EventStore,
  options: WaitOptions & { readonly group?: string | undefined } = {},
): Promise<void> {
  await untilPassed(executor, store, 'group_name = $2', options.group ?? 'projections', undefined, options);
}

interface Behind {
  readonly name: string;
  readonly group_name: string;
  readonly is_behind: boolean;
  readonly stopped: { readonly message: string } | null;
}

async function untilPassed(
  executor: Executor,
  store: EventStore,
  where: string,
  value: string,
  position: string | undefined,
  options: WaitOptions,
): Promise<void> {
  const { timeoutMs = TIMEOUT_MS_DEFAULT, clock = systemClock, signal } = options;
  const target = position ?? (await currentPosition(executor));
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  const sql = `SELECT name, group_name, NOT history_done OR lsn < $1::pg_lsn AS is_behind, stopped
    FROM ${quoteName(store.schema)}.consumers WHERE role = 'live' AND ${where}`;
  for (let pauseMs = POLL_MS; ; pauseMs = Math.min(pauseMs * 2, POLL_MS_MAX)) {
    const rows = (await executor.query(sql, [target, value])).rows as readonly Behind[];
    const behind = rows.filter(({ is_behind }) => is_behind);
    if (rows.length > 0 && behind.length === 0) return;
    if (clock.monotonicMs() > deadlineMs) throw rows.length === 0 ? unknown(value) : late(behind, timeoutMs);
    // It writes how far it has come only when it has something to write, or when somebody asks.
    for (const group of new Set(behind.map(({ group_name }) => group_name))) {
      await poke(executor, store.schema, group, 'flush');
    }
    await clock.sleep(pauseMs, signal);
  }
}

const unknown = (name: string): MillraceError =>
  new MillraceError(NoSuchConsumer, {
    message: `nothing of the name "${name}" has ever run`,
    mend: 'Start it (`runProjections`, `subscribe`), or correct the name.',
  });

function late(behind: readonly Behind[], timeoutMs: number): MillraceError {
  const stopped = behind.find((row) => row.stopped !== null);
  const names = behind.map(({ name }) => `"${name}"`).join(', ');
  return new MillraceError(NotCaughtUp, {
    message:
      stopped === undefined
        ? `${names} did not come up to date within ${timeoutMs} ms`
        : `"${stopped.name}" has stopped: ${stopped.stopped!.message}`,
    mend:
      stopped === undefined
        ? 'See whether a process runs it (`projectionStatus`), or wait longer.'
        : 'Mend the handler and deploy it, then `resumeProjection`.',
  });
}
