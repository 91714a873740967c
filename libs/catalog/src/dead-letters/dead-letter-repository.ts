import { MillraceError } from '@millrace/kernel';
import type { DataSource } from 'typeorm';
import { appendAudit } from '../audit/append-audit.ts';
import type { Job } from '../entities.ts';
import {
  DEAD_LETTER_STATES,
  type DeadLetter,
  type DeadLetterGroup,
  type DeadLetterState,
  type DeadLetterWithEvent,
  type JobRef,
  type LetterEvent,
  type LetterKey,
  letterId,
  type UnresolvedCounts,
} from './dead-letter.ts';
import { cancelReplay, type DiscardRequest, discard, type ReplayRequest, replay } from './dead-letter-commands.ts';
import { type DeadLetterFilter, filterSql, type LetterSelection, Parameters } from './dead-letter-filter.ts';
import type { LetterOutcome } from './dead-letter-plan.ts';
import { keySql, LETTER_COLUMNS, type LetterPlace, type LetterRow, letterOf, PLACE_US } from './dead-letter-rows.ts';
import { DeadLetterWrongState, unknownLetters } from './errors.ts';

/** Groups that are shown. */
export const LETTER_GROUPS_MAX = 200;
/** A job that is shown counts its letters up to here: more are a number that nobody reads, and a second that everybody waits. */
export const UNRESOLVED_COUNTED_MAX = 10_000;
const HELD_BY_MAX = 10;

export interface LetterPageRequest {
  readonly limit: number;
  readonly order: 'newest' | 'oldest';
  readonly after?: LetterPlace | undefined;
}

export interface LetterPage {
  readonly items: readonly DeadLetter[];
  readonly next: LetterPlace | undefined;
}

/** What an edit makes of a record. */
export interface LetterEdit {
  readonly event: LetterEvent;
  /** Names of what is changed, for the audit log; no values. */
  readonly changed: readonly string[];
}

/**
 * Records that stages set aside: people look at them, edit them, and have them replayed or give them up. The running job writes them and takes up
 * what people asked for; every change here is one conditional statement or one transaction that stays right beside it and beside other people.
 */
export class DeadLetterRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  async list(jobId: string, filter: DeadLetterFilter, { limit, order, after }: LetterPageRequest): Promise<LetterPage> {
    const parameters = new Parameters();
    const job = parameters.add(jobId);
    const [sign, direction] = order === 'oldest' ? ['>', 'ASC'] : ['<', 'DESC'];
    const matches = filterSql(filter, parameters);
    const isLater =
      after === undefined
        ? 'true'
        : `(letter.first_at, letter.stage, letter.number) ${sign} ('epoch'::timestamptz + ${parameters.add(after.atUs)}::bigint * interval '1 microsecond', ${parameters.add(after.stage)}, ${parameters.add(after.number)}::bigint)`;
    const rows = await this.#dataSource.query<(LetterRow & { atUs: string })[]>(
      `SELECT ${LETTER_COLUMNS}, ${PLACE_US} AS "atUs" FROM millrace.dead_letter letter
       WHERE letter.job_id = ${job} AND ${matches} AND ${isLater}
       ORDER BY letter.first_at ${direction}, letter.stage ${direction}, letter.number ${direction}
       LIMIT ${parameters.add(limit + 1)}`,
      parameters.values,
    );
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return {
      items: rows.slice(0, limit).map(letterOf),
      next: last && { atUs: last.atUs, stage: last.stage, number: Number(last.number) },
    };
  }

  /** Letters by stage, reason and table; those with most open ones first, `LETTER_GROUPS_MAX` at most. */
  async groups(jobId: string, filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]> {
    const parameters = new Parameters();
    const job = parameters.add(jobId);
    const counts = DEAD_LETTER_STATES.map((state) => `count(*) FILTER (WHERE letter.state = '${state}') AS ${state}`);
    type Row = Record<DeadLetterState | 'newest', string> & Omit<DeadLetterGroup, 'counts' | 'newest'>;
    const rows = await this.#dataSource.query<Row[]>(
      `SELECT letter.stage, letter.reason, letter.table_id AS "table", ${counts.join(', ')},
         min(letter.first_at) AS "firstAt", max(letter.last_at) AS "lastAt", max(letter.number) AS newest
       FROM millrace.dead_letter letter WHERE letter.job_id = ${job} AND ${filterSql(filter, parameters)}
       GROUP BY 1, 2, 3 ORDER BY open DESC, letter.stage, letter.reason, letter.table_id LIMIT ${LETTER_GROUPS_MAX}`,
      parameters.values,
    );
    return rows.map(({ open, replaying, replayed, discarded, newest, ...group }) => ({
      ...group,
      counts: {
        open: Number(open),
        replaying: Number(replaying),
        replayed: Number(replayed),
        discarded: Number(discarded),
      },
      newest: Number(newest),
    }));
  }

  /** @throws MillraceError `dead_letter.unknown` */
  async get(job: JobRef, key: LetterKey): Promise<DeadLetterWithEvent> {
    const [row] = await this.#dataSource.query<(LetterRow<DeadLetterWithEvent> & { holders: string[] })[]>(
      `SELECT ${LETTER_COLUMNS}, letter.event, letter.edited, ARRAY(
         SELECT earlier.number FROM millrace.dead_letter earlier
         WHERE letter.is_parked AND letter.state = 'open' AND earlier.job_id = letter.job_id AND (${keySql('earlier')}) = (${keySql('letter')})
           AND earlier.number < letter.number AND earlier.state IN ('open', 'replaying')
         ORDER BY earlier.number LIMIT ${HELD_BY_MAX}) AS holders
       FROM millrace.dead_letter letter WHERE letter.job_id = $1 AND letter.stage = $2 AND letter.number = $3`,
      [job.id, key.stage, key.number],
    );
    if (row === undefined) throw unknownLetters(job.name, [letterId(key)]);
    const { holders, ...letter } = row;
    const heldBy = holders.map((number) => ({ stage: key.stage, number: Number(number) }));
    return { ...letterOf<DeadLetterWithEvent>({ ...letter, heldBy }) };
  }

  /** Open and replaying letters of these jobs, counted up to `UNRESOLVED_COUNTED_MAX` each; a job without any is absent. */
  async unresolved(jobIds: readonly string[]): Promise<ReadonlyMap<string, UnresolvedCounts>> {
    if (jobIds.length === 0) return new Map();
    const count = (state: string): string =>
      `(SELECT count(*) FROM (SELECT FROM millrace.dead_letter WHERE job_id = job.id AND state = '${state}' LIMIT ${UNRESOLVED_COUNTED_MAX}) counted)::integer AS ${state}`;
    const rows = await this.#dataSource.query<(UnresolvedCounts & { id: string })[]>(
      `SELECT job.id, ${count('open')}, ${count('replaying')} FROM unnest($1::char(26)[]) job (id)`,
      [jobIds],
    );
    const some = rows.filter(({ open, replaying }) => open + replaying > 0);
    return new Map(some.map(({ id, open, replaying }) => [id, { open, replaying }]));
  }

  /** When the oldest open letter of each of these jobs was set aside; jobs without are left out. */
  async openSince(jobIds: readonly string[]): Promise<ReadonlyMap<string, Date>> {
    if (jobIds.length === 0) return new Map();
    const rows = await this.#dataSource.query<{ id: string; since: Date | null }[]>(
      `SELECT job.id, (SELECT min(first_at) FROM (SELECT first_at FROM millrace.dead_letter
         WHERE job_id = job.id AND state = 'open' LIMIT ${UNRESOLVED_COUNTED_MAX}) counted) AS since
       FROM unnest($1::char(26)[]) job (id)`,
      [jobIds],
    );
    return new Map(rows.flatMap(({ id, since }) => (since === null ? [] : [[id, since] as const])));
  }

  /**
   * Changes an open letter; what is replayed is the edited record, the original is kept.
   * @param change from the record as it is now, edited before or not; what it throws leaves everything as it was
   * @throws MillraceError `dead_letter.unknown`, `dead_letter.wrong_state`
   */
  async edit(
    job: JobRef,
    key: LetterKey,
    requestId: string,
    change: (current: LetterEvent) => LetterEdit,
  ): Promise<DeadLetterWithEvent> {
    await this.#dataSource.transaction(async (manager) => {
      const [row] = await manager.query<Pick<DeadLetterWithEvent, 'state' | 'event' | 'edited'>[]>(
        `SELECT state, event, edited FROM millrace.dead_letter WHERE job_id = $1 AND stage = $2 AND number = $3 FOR UPDATE`,
        [job.id, key.stage, key.number],
      );
      if (row === undefined) throw unknownLetters(job.name, [letterId(key)]);
      if (row.state !== 'open') throw notOpen(job, key, row.state);
      const { event, changed } = change(row.edited ?? row.event);
      const text = JSON.stringify(event);
      await manager.query(
        'UPDATE millrace.dead_letter SET edited = $4 WHERE job_id = $1 AND stage = $2 AND number = $3',
        [job.id, key.stage, key.number, text === JSON.stringify(row.event) ? null : text],
      );
      const details = { job: job.name, letter: letterId(key), changed };
      await appendAudit(manager, { action: 'dead_letter.edit', target: `job/${job.id}`, requestId, details });
    });
    return this.get(job, key);
  }

  /** Goes back to the record as it was set aside. @throws MillraceError `dead_letter.unknown`, `dead_letter.wrong_state` */
  async undoEdit(job: JobRef, key: LetterKey, requestId: string): Promise<DeadLetterWithEvent> {
    await this.#dataSource.transaction(async (manager) => {
      const [, undone] = await manager.query<[unknown, number]>(
        `UPDATE millrace.dead_letter SET edited = NULL WHERE job_id = $1 AND stage = $2 AND number = $3 AND state = 'open' AND edited IS NOT NULL`,
        [job.id, key.stage, key.number],
      );
      if (undone === 0) return;
      const details = { job: job.name, letter: letterId(key) };
      await appendAudit(manager, { action: 'dead_letter.undo_edit', target: `job/${job.id}`, requestId, details });
    });
    const letter = await this.get(job, key);
    if (letter.isEdited || letter.state !== 'open') throw notOpen(job, key, letter.state);
    return letter;
  }

  /**
   * Asks the job to process open letters again, in the order in which they were set aside.
   * @throws MillraceError `dead_letter.unknown`, `dead_letter.wrong_state`, `dead_letter.key_is_parked`, `dead_letter.job_ended`
   */
  replay(job: JobRef & Pick<Job, 'status' | 'desired'>, request: ReplayRequest): Promise<LetterOutcome> {
    return replay(this.#dataSource, job, request);
  }

  /**
   * Takes back replays that the job has not taken up, with those of later parked letters of the same keys, which may not come first. One that it has
   * taken up becomes `replayed` all the same, or fails and stays open.
   * @throws MillraceError `dead_letter.unknown`, `dead_letter.wrong_state`
   */
  cancelReplay(
    job: JobRef,
    request: { readonly selection: LetterSelection; readonly dryRun: boolean; readonly requestId: string },
  ): Promise<LetterOutcome> {
    return cancelReplay(this.#dataSource, job, request);
  }

  /** Gives open letters up for good. @throws MillraceError `dead_letter.unknown`, `dead_letter.wrong_state` */
  discard(job: JobRef, request: DiscardRequest): Promise<LetterOutcome> {
    return discard(this.#dataSource, job, request);
  }

  /** Removes the letters of a job that is being deleted. @returns how many of them nobody had resolved */
  async removeAll(job: JobRef, requestId: string): Promise<UnresolvedCounts> {
    return this.#dataSource.transaction(async (manager) => {
      const [row] = await manager.query<{ open: string; replaying: string }[]>(
        `WITH gone AS (DELETE FROM millrace.dead_letter WHERE job_id = $1 RETURNING state)
         SELECT count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'replaying') AS replaying FROM gone`,
        [job.id],
      );
      const counts = { open: Number(row!.open), replaying: Number(row!.replaying) };
      if (counts.open + counts.replaying > 0) {
        const details = { job: job.name, ...counts };
        await appendAudit(manager, { action: 'dead_letter.delete', target: `job/${job.id}`, requestId, details });
      }
      return counts;
    });
  }
}

const notOpen = (job: JobRef, key: LetterKey, state: DeadLetterState): MillraceError =>
  new MillraceError(DeadLetterWrongState, {
    message: `the dead letter ${letterId(key)} is ${state}; only an open one can be edited`,
    mend:
      state === 'replaying'
        ? `Take it back first: POST /api/v1/jobs/${job.name}/dead-letters/cancel-replay with {"ids": ["${letterId(key)}"]}.`
        : 'It is resolved, and stays as it is.',
    details: { state },
  });
