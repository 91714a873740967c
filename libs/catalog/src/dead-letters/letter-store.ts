import { errorCode, MillraceError } from '@millrace/kernel';
import pg from 'pg';
import { codedError } from '../coded-errors.ts';
import { keySql } from './dead-letter-rows.ts';

export const TooManyDeadLetters = errorCode('dead_letter.too_many', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Too many records are set aside',
});

/** Requests taken up at a time. */
const REQUESTS_MAX = 100;
/** Connections of one engine thread for all its stages; they are used for moments. */
const CONNECTIONS_MAX = 2;

type Image = Readonly<Record<string, string | null>>;

interface EventLike {
  readonly schema: { readonly id: string };
  readonly position: { readonly commitLsn: string; readonly index: number } | null;
  readonly commitTimeUs: string | null;
}

interface LetterRow<Event extends EventLike> {
  readonly number: number;
  readonly reason: string;
  readonly message: string;
  readonly mend: string | undefined;
  readonly isParked: boolean;
  readonly rowKey: Image;
  readonly record: Event;
  readonly attempts: number;
}

interface RequestRow<Event> {
  readonly kind: 'replay' | 'discard';
  readonly number: number;
  readonly attempts: number;
  readonly rowKey: Image;
  readonly record: Event;
  readonly leavesOthers: boolean;
}

interface HandledRows {
  readonly replayed: readonly { readonly number: number; readonly attempts: number }[];
  readonly discarded: readonly number[];
}

export interface LetterStage {
  readonly jobId: string;
  readonly stage: string;
  readonly generation: number;
  /** With more open letters of the stage than this, none is added. */
  readonly openMax: number;
}

const COLUMNS =
  'job_id, stage, number, reason, message, mend, is_parked, table_id, row_key, commit_lsn, event_index, committed_at, event, attempts';

/** Connections by database, shared by the stages that run on this thread. */
const pools = new Map<string, { readonly pool: pg.Pool; users: number }>();

function shared(url: string): pg.Pool {
  let entry = pools.get(url);
  if (entry === undefined) {
    const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS_MAX, allowExitOnIdle: true });
    // An idle connection that breaks is replaced when the next is wanted.
    pool.on('error', () => {});
    entry = { pool, users: 0 };
    pools.set(url, entry);
  }
  entry.users += 1;
  return entry.pool;
}

async function release(url: string): Promise<void> {
  const entry = pools.get(url)!;
  entry.users -= 1;
  if (entry.users > 0) return;
  pools.delete(url);
  await entry.pool.end();
}

/**
 * The dead letters of one stage as an execution writes them, in two phases: what is added waits in `dead_letter_pending` under the
 * execution's generation and is moved when the snapshot that sealed it is committed.
 */
export class CatalogLetterStore<Event extends EventLike> implements AsyncDisposable {
  readonly #url: string;
  readonly #pool: pg.Pool;
  readonly #stage: LetterStage;

  /** @param url of the metadata database */
  constructor(url: string, stage: LetterStage) {
    this.#url = url;
    this.#pool = shared(url);
    this.#stage = stage;
  }

  /** Finishes what the restored snapshot had begun, and removes what is newer. @returns the highest number of the stage */
  async recover(
    restored: { readonly snapshotId: number; readonly generation: number; readonly handled: HandledRows } | undefined,
  ): Promise<number> {
    const { jobId, stage, generation } = this.#stage;
    if (restored !== undefined) await this.#publish(restored.snapshotId, restored.generation, restored.handled);
    // Whatever of older executions still waits belongs to no snapshot that this one goes on from.
    await this.#query('DELETE FROM millrace.dead_letter_pending WHERE job_id = $1 AND stage = $2 AND generation < $3', [
      jobId,
      stage,
      generation,
    ]);
    const [row] = await this.#query<{ highest: string | null }>(
      'SELECT max(number) AS highest FROM millrace.dead_letter WHERE job_id = $1 AND stage = $2',
      [jobId, stage],
    );
    return Number(row?.highest ?? 0);
  }

  /** @throws MillraceError `dead_letter.too_many` */
  async add(letters: readonly LetterRow<Event>[]): Promise<void> {
    const { jobId, stage, generation, openMax } = this.#stage;
    const rows = letters.map(({ number, reason, message, mend, isParked, rowKey, record, attempts }) => ({
      number,
      reason,
      message: message.replaceAll('\0', '\\0'),
      mend: mend ?? null,
      is_parked: isParked,
      table_id: record.schema.id,
      row_key: rowKey,
      commit_lsn: record.position?.commitLsn ?? null,
      event_index: record.position?.index ?? null,
      committed_us: record.commitTimeUs,
      event: record,
      attempts,
    }));
    await this.#query(
      `INSERT INTO millrace.dead_letter_pending (${COLUMNS}, generation)
       SELECT $1, $2, number, reason, message, mend, is_parked, table_id, row_key, commit_lsn, event_index,
              timestamptz 'epoch' + committed_us * interval '1 microsecond', event, attempts, $3
       FROM json_to_recordset($4) AS letter (number bigint, reason text, message text, mend text, is_parked boolean, table_id text,
         row_key json, commit_lsn text, event_index integer, committed_us bigint, event json, attempts integer)
       ON CONFLICT (job_id, stage, number, generation) DO UPDATE
         SET reason = excluded.reason, message = excluded.message, mend = excluded.mend, is_parked = excluded.is_parked,
             event = excluded.event, attempts = excluded.attempts, snapshot_id = NULL`,
      [jobId, stage, generation, JSON.stringify(rows)],
    );
    const [{ open } = { open: '0' }] = await this.#query<{ open: string }>(
      `SELECT (SELECT count(*) FROM millrace.dead_letter WHERE job_id = $1 AND stage = $2 AND state = 'open')
            + (SELECT count(*) FROM millrace.dead_letter_pending WHERE job_id = $1 AND stage = $2 AND generation = $3) AS open`,
      [jobId, stage, generation],
    );
    if (Number(open) <= openMax) return;
    const last = letters.at(-1)!;
    throw new MillraceError(TooManyDeadLetters, {
      message: `stage ${stage} has set ${open} records aside, more than ${openMax}; the last one because: ${last.message}`,
      mend: 'Look at them (GET jobs/{id}/dead-letters/groups): repair what is wrong and replay, or discard them; then resume the job. onError.openMax of the stage allows more.',
      details: { stage, open: Number(open), openMax },
    });
  }

  async seal(snapshotId: number): Promise<void> {
    const { jobId, stage, generation } = this.#stage;
    await this.#query(
      `UPDATE millrace.dead_letter_pending SET snapshot_id = $4
       WHERE job_id = $1 AND stage = $2 AND generation = $3 AND snapshot_id IS NULL`,
      [jobId, stage, generation, snapshotId],
    );
  }

  /** Harmless twice: what was moved is not there any more, and what was tried since has more attempts. */
  async publish(snapshotId: number, handled: HandledRows): Promise<void> {
    await this.#publish(snapshotId, this.#stage.generation, handled);
  }

  async requests(
    known: readonly number[],
  ): Promise<{ readonly requests: readonly RequestRow<Event>[]; readonly hasMore: boolean }> {
    const { jobId, stage } = this.#stage;
    const rows = await this.#query<{
      number: string;
      attempts: number;
      state: string;
      row_key: Image;
      record: Event;
      leaves_others: boolean;
      replay_rate: number | null;
    }>(
      `SELECT number, attempts, state, row_key, coalesce(edited, event) AS record, replay_rate,
              EXISTS (SELECT FROM millrace.dead_letter other
                      WHERE other.job_id = letter.job_id AND other.stage = letter.stage AND other.state = 'open'
                        AND (${keySql('other')}) = (${keySql('letter')})) AS leaves_others
       FROM millrace.dead_letter letter
       WHERE job_id = $1 AND stage = $2 AND (state = 'replaying' OR state = 'discarded' AND NOT is_told) AND number <> ALL ($3)
       ORDER BY number LIMIT ${REQUESTS_MAX}`,
      [jobId, stage, known],
    );
    const replays = rows.filter(({ state }) => state === 'replaying');
    const rate = Math.min(...replays.map(({ replay_rate: each }) => each ?? REQUESTS_MAX));
    const last = replays.slice(0, rate).at(-1)?.number;
    const taken = rows.filter(
      ({ state, number }) => state === 'discarded' || (last !== undefined && Number(number) <= Number(last)),
    );
    return {
      // With a rate the next ones are for the next second.
      hasMore: rows.length === REQUESTS_MAX && taken.length === rows.length,
      requests: taken.map(({ number, attempts, state, row_key: rowKey, record, leaves_others: leavesOthers }) => ({
        kind: state === 'replaying' ? 'replay' : 'discard',
        number: Number(number),
        attempts,
        rowKey,
        record,
        leavesOthers,
      })),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await release(this.#url);
  }

  async #publish(snapshotId: number, generation: number, { replayed, discarded }: HandledRows): Promise<void> {
    const { jobId, stage } = this.#stage;
    await this.#query(
      `WITH told AS (
         UPDATE millrace.dead_letter SET is_told = true
         WHERE job_id = $1 AND stage = $2 AND state = 'discarded' AND number = ANY ($5)
       ), replayed AS (
         UPDATE millrace.dead_letter letter SET state = 'replayed', resolved_at = now(), last_at = now()
         FROM unnest($6::bigint[], $7::integer[]) AS handled (number, attempts)
         WHERE job_id = $1 AND stage = $2 AND letter.number = handled.number AND letter.attempts = handled.attempts
           AND state IN ('open', 'replaying')
           AND NOT EXISTS (SELECT FROM millrace.dead_letter_pending again
                           WHERE again.job_id = $1 AND again.stage = $2 AND again.number = letter.number
                             AND again.generation = $3 AND again.snapshot_id = $4)
       ), moved AS (
         DELETE FROM millrace.dead_letter_pending
         WHERE job_id = $1 AND stage = $2 AND generation = $3 AND snapshot_id = $4
         RETURNING ${COLUMNS}
       )
       INSERT INTO millrace.dead_letter AS letter (${COLUMNS}, state)
       SELECT ${COLUMNS}, 'open' FROM moved
       ON CONFLICT (job_id, stage, number) DO UPDATE
         SET state = 'open', reason = excluded.reason, message = excluded.message, mend = excluded.mend,
             is_parked = excluded.is_parked, attempts = excluded.attempts, last_at = now(), resolved_at = NULL
         WHERE letter.state <> 'discarded'`,
      [
        jobId,
        stage,
        generation,
        snapshotId,
        discarded,
        replayed.map(({ number }) => number),
        replayed.map(({ attempts }) => attempts),
      ],
    );
  }

  async #query<Row extends pg.QueryResultRow>(sql: string, values: unknown[]): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>(sql, values)).rows;
    } catch (error) {
      throw codedError(error);
    }
  }
}
