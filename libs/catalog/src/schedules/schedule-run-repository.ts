import { type ErrorRecord, MillraceError, maskSecretsDeep } from '@millrace/kernel';
import { type DataSource, type EntityManager, In, LessThanOrEqual } from 'typeorm';
import { appendAudit } from '../audit/append-audit.ts';
import type { Job } from '../entities.ts';
import { JobNameTaken, UnknownSource } from '../errors.ts';
import { insertJob, type JobInput } from '../insert-job.ts';
import { type Page, type PageRequest, toPage } from '../page.ts';
import { violatedUnique, violatesReference } from '../postgres-error.ts';
import { type RunOutcome, type Schedule, type ScheduleRun, scheduleEntity } from './schedule.ts';

/** Schedules looked at in one pass; the others come in the next, a second later. */
const DUE_MAX = 100;
/** Ticks that wait for the run before; one more is skipped. */
const QUEUED_MAX = 10;
/** Runs without a job (skipped, missed, refused, deleted) that are remembered of each schedule. */
const JOBLESS_KEPT = 100;

/** The run of a job is not over: it has not ended, and something may still run. */
const UNFINISHED = `job.status NOT IN ('COMPLETED', 'FAILED')
  AND NOT (job.desired = 'cancelled' AND job.status IN ('NOT_RUNNING', 'SUSPENDED'))`;

const COLUMNS = `run.id, run.schedule_id AS "scheduleId", run.tick, run.is_manual AS "isManual", run.outcome, run.missed_before AS "missedBefore",
  run.job_name AS "jobName", run.error, job.id AS "jobId", job.name, job.status, job.desired, job.error AS "jobError",
  job.started_at AS "startedAt", job.ended_at AS "endedAt", job.counts`;
const FROM = 'millrace.schedule_run run LEFT JOIN millrace.job ON job.id = run.job_id';

/** A tick that is to be run, or not. */
export interface Tick {
  /** ULID, of its job too. */
  readonly id: string;
  readonly tick: Date;
  readonly missedBefore: number;
  readonly jobName: string;
  /** What to submit; why it cannot be; or that it is too late. */
  readonly work: { readonly job: JobInput } | { readonly error: ErrorRecord } | 'missed';
}

/** What came of it. */
export interface Ticked {
  readonly run: { readonly id: string; readonly outcome: RunOutcome };
  /** Jobs that were told to end, for this one to begin. */
  readonly cancelled: readonly string[];
}

/**
 * What becomes of ticks. Every step is one transaction that locks the row of its schedule first, so steps of several processes come one after the other,
 * and a process that dies leaves each done or not done.
 */
export class ScheduleRunRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** Those whose next tick has come. */
  due(now: Date): Promise<readonly Schedule[]> {
    return this.#dataSource.getRepository(scheduleEntity).find({
      where: { suspended: false, nextTick: LessThanOrEqual(now) },
      order: { nextTick: 'ASC' },
      take: DUE_MAX,
    });
  }

  /**
   * Takes a tick: writes what becomes of it, makes its job, and moves the schedule on to `next`, all or nothing.
   * @param schedule as it was read; when it has changed or moved on since, nothing happens: another process has taken the tick
   */
  async take(schedule: Schedule, next: Date | null, tick: Tick): Promise<Ticked | undefined> {
    const { id, version, nextTick } = schedule;
    return this.#transaction(async (manager) => {
      const now = await locked(manager, id);
      const isMine =
        now !== undefined &&
        now.version === version &&
        now.nextTick?.getTime() === nextTick?.getTime() &&
        !now.suspended;
      if (!isMine) return undefined;
      await manager.update(scheduleEntity, { id }, { nextTick: next });
      return settle(manager, now, { ...tick, isManual: false });
    });
  }

  /** A run that somebody asks for; one with this id already is given as it is. `undefined`: one is not over, and the schedule skips such. */
  async ask(scheduleId: string, tick: Tick): Promise<Ticked | undefined> {
    return this.#transaction(async (manager) => {
      const schedule = await locked(manager, scheduleId);
      const [known] = await manager.query<{ id: string; outcome: RunOutcome }[]>(
        'SELECT id, outcome FROM millrace.schedule_run WHERE id = $1',
        [tick.id],
      );
      if (known !== undefined) return { run: known, cancelled: [] };
      if (schedule === undefined) return undefined;
      if (schedule.overlap === 'skip' && (await unfinished(manager, scheduleId)).length > 0) return undefined;
      return settle(manager, schedule, { ...tick, isManual: true });
    });
  }

  /** The oldest tick of each schedule that waits, where nothing is in its way any more. */
  async ready(): Promise<
    readonly { readonly schedule: Schedule; readonly run: Pick<ScheduleRun, 'id' | 'tick' | 'jobName'> }[]
  > {
    const rows = await this.#dataSource.query<Pick<ScheduleRun, 'id' | 'scheduleId' | 'tick' | 'jobName'>[]>(
      `SELECT DISTINCT ON (schedule_id) id, schedule_id AS "scheduleId", tick, job_name AS "jobName"
       FROM millrace.schedule_run run WHERE outcome = 'queued' AND NOT EXISTS (
         SELECT FROM millrace.schedule_run other JOIN millrace.job ON job.id = other.job_id
         WHERE other.schedule_id = run.schedule_id AND ${UNFINISHED})
       ORDER BY schedule_id, tick LIMIT ${DUE_MAX}`,
    );
    const ids = rows.map(({ scheduleId }) => scheduleId);
    const schedules = await this.#dataSource.getRepository(scheduleEntity).findBy({ id: In(ids) });
    return rows.flatMap((run) => {
      const schedule = schedules.find(({ id }) => id === run.scheduleId);
      return schedule === undefined ? [] : [{ schedule, run }];
    });
  }

  /** Makes the job of a tick that waited. `undefined`: another process has, or something is in its way again. */
  async release(
    { scheduleId, id }: Pick<ScheduleRun, 'scheduleId' | 'id'>,
    work: Exclude<Tick['work'], 'missed'>,
  ): Promise<Ticked | undefined> {
    return this.#transaction(async (manager) => {
      if ((await locked(manager, scheduleId)) === undefined) return undefined;
      const [waiting] = await manager.query<{ id: string }[]>(
        "SELECT id FROM millrace.schedule_run WHERE id = $1 AND outcome = 'queued'",
        [id],
      );
      if (waiting === undefined || (await unfinished(manager, scheduleId)).length > 0) return undefined;
      const isRefused = 'error' in work;
      if (!isRefused) await insertJob(manager, id, work.job);
      await manager.query('UPDATE millrace.schedule_run SET outcome = $2, error = $3, job_id = $4 WHERE id = $1', [
        id,
        isRefused ? 'refused' : 'submitted',
        isRefused ? errorJson(work.error) : null,
        isRefused ? null : id,
      ]);
      return { run: { id, outcome: isRefused ? 'refused' : 'submitted' }, cancelled: [] };
    });
  }

  /** @returns what `take`, `ask` or `release` made */
  async get(id: string): Promise<ScheduleRun> {
    const [row] = await this.#dataSource.query<[RunRow]>(`SELECT ${COLUMNS} FROM ${FROM} WHERE run.id = $1`, [id]);
    return runOf(row);
  }

  /** The newest first. */
  async list(scheduleId: string, { limit, after }: PageRequest): Promise<Page<ScheduleRun>> {
    const rows = await this.#dataSource.query<RunRow[]>(
      `SELECT ${COLUMNS} FROM ${FROM} WHERE run.schedule_id = $1 AND ($2::text IS NULL OR run.id < $2)
       ORDER BY run.id DESC LIMIT $3`,
      [scheduleId, after ?? null, limit + 1],
    );
    return toPage(rows.map(runOf), limit);
  }

  /** The newest run with a job of each. */
  async newest(scheduleIds: readonly string[]): Promise<ReadonlyMap<string, ScheduleRun>> {
    const rows = await this.#dataSource.query<RunRow[]>(
      `SELECT DISTINCT ON (run.schedule_id) ${COLUMNS} FROM ${FROM}
       WHERE run.schedule_id = ANY ($1) AND run.outcome <> 'missed' ORDER BY run.schedule_id, run.id DESC`,
      [scheduleIds],
    );
    return new Map(rows.map((row) => [row.scheduleId, runOf(row)]));
  }

  /** By the id of a job: the name of the schedule that made it. Jobs of no schedule are left out. */
  async schedulesOf(jobIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#dataSource.query<{ jobId: string; name: string }[]>(
      `SELECT run.job_id AS "jobId", schedule.name FROM millrace.schedule_run run
       JOIN millrace.schedule ON schedule.id = run.schedule_id WHERE run.job_id = ANY ($1)`,
      [jobIds],
    );
    return new Map(rows.map(({ jobId, name }) => [jobId, name]));
  }

  /** Runs that are over and more than the schedule keeps, the oldest first, with the job that is to be deleted before `forget`. */
  async outdated(): Promise<readonly { readonly id: string; readonly jobId: string | null }[]> {
    return this.#dataSource.query(
      `SELECT id, "jobId" FROM (
         SELECT run.id, run.job_id AS "jobId", keep, run.job_id IS NULL AS "isJobless",
           row_number() OVER (PARTITION BY schedule_id, run.job_id IS NULL ORDER BY run.id DESC) AS place
         FROM ${FROM} JOIN millrace.schedule ON schedule.id = run.schedule_id
         WHERE run.outcome <> 'queued' AND (run.job_id IS NULL OR NOT (${UNFINISHED}))
       ) over_ WHERE place > CASE WHEN "isJobless" THEN ${JOBLESS_KEPT} ELSE keep END ORDER BY id LIMIT ${DUE_MAX}`,
    );
  }

  async forget(runId: string): Promise<void> {
    await this.#dataSource.query('DELETE FROM millrace.schedule_run WHERE id = $1', [runId]);
  }

  /** @throws MillraceError `job.name_taken`, `source.unknown`: its job cannot be made */
  async #transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await this.#dataSource.transaction(work);
    } catch (cause) {
      if (violatesReference(cause)) {
        const message = 'a source or sink that the job names is not there any more';
        throw new MillraceError(
          UnknownSource,
          { message, mend: 'Register it again, or change the schedule.' },
          { cause },
        );
      }
      if (violatedUnique(cause) === undefined) throw cause;
      const message = 'there is a job of this name already';
      throw new MillraceError(JobNameTaken, { message, mend: 'Delete it, or rename the schedule.' }, { cause });
    }
  }
}

/** Whoever has the lock decides what becomes of the schedule's ticks. */
async function locked(manager: EntityManager, id: string): Promise<Schedule | undefined> {
  return (await manager.findOne(scheduleEntity, { where: { id }, lock: { mode: 'pessimistic_write' } })) ?? undefined;
}

async function unfinished(manager: EntityManager, scheduleId: string): Promise<readonly string[]> {
  const rows = await manager.query<{ id: string }[]>(
    `SELECT job.id FROM millrace.schedule_run run JOIN millrace.job ON job.id = run.job_id
     WHERE run.schedule_id = $1 AND ${UNFINISHED}`,
    [scheduleId],
  );
  return rows.map(({ id }) => id);
}

async function settle(manager: EntityManager, schedule: Schedule, tick: Tick & { isManual: boolean }): Promise<Ticked> {
  const { work } = tick;
  if (work === 'missed') return write(manager, schedule, tick, 'missed');
  if ('error' in work) return write(manager, schedule, tick, 'refused');
  const running = await unfinished(manager, schedule.id);
  const [{ count }] = await manager.query<[{ count: number }]>(
    "SELECT count(*)::integer AS count FROM millrace.schedule_run WHERE schedule_id = $1 AND outcome = 'queued'",
    [schedule.id],
  );
  if (running.length === 0 && count === 0) {
    await insertJob(manager, tick.id, work.job);
    return write(manager, schedule, tick, 'submitted');
  }
  if (schedule.overlap === 'skip' || (schedule.overlap === 'queue' && count >= QUEUED_MAX))
    return write(manager, schedule, tick, 'skipped');
  if (schedule.overlap === 'cancel-previous') await replace(manager, schedule, running);
  const ticked = await write(manager, schedule, tick, 'queued');
  return { ...ticked, cancelled: schedule.overlap === 'cancel-previous' ? running : [] };
}

/** What runs is told to end; what waits for it is not run any more. */
async function replace(manager: EntityManager, { id }: Schedule, running: readonly string[]): Promise<void> {
  await manager.query(
    "UPDATE millrace.schedule_run SET outcome = 'skipped' WHERE schedule_id = $1 AND outcome = 'queued'",
    [id],
  );
  const cancelled = await manager.query<[{ id: string; name: string }[], number]>(
    `UPDATE millrace.job SET desired = 'cancelled', version = version + 1, updated_at = now()
     WHERE id = ANY ($1) AND desired <> 'cancelled' RETURNING id, name`,
    [running],
  );
  for (const job of cancelled[0])
    await appendAudit(manager, {
      action: 'job.cancel',
      target: `job/${job.id}`,
      after: { name: job.name, schedule: id },
    });
}

async function write(
  manager: EntityManager,
  { id: scheduleId }: Schedule,
  { id, tick, isManual, missedBefore, jobName, work }: Tick & { readonly isManual: boolean },
  outcome: RunOutcome,
): Promise<Ticked> {
  const error = typeof work === 'object' && 'error' in work ? errorJson(work.error) : null;
  await manager.query(
    `INSERT INTO millrace.schedule_run (id, schedule_id, tick, is_manual, outcome, missed_before, job_id, job_name, error)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [id, scheduleId, tick, isManual, outcome, missedBefore, outcome === 'submitted' ? id : null, jobName, error],
  );
  return { run: { id, outcome }, cancelled: [] };
}

const errorJson = (error: ErrorRecord): string => JSON.stringify(maskSecretsDeep({ ...error, stack: undefined }));

type RunRow = Omit<ScheduleRun, 'job'> &
  Pick<Job, 'name' | 'status' | 'desired' | 'startedAt' | 'endedAt' | 'counts'> & {
    readonly jobId: string | null;
    readonly jobError: Job['error'];
  };

function runOf({ jobId, name, status, desired, jobError, startedAt, endedAt, counts, ...run }: RunRow): ScheduleRun {
  const job = jobId === null ? null : { id: jobId, name, status, desired, error: jobError, startedAt, endedAt, counts };
  return { ...run, job };
}
