import { type ErrorRecord, MillraceError, maskSecretsDeep, suggestNames } from '@millrace/kernel';
import { And, type DataSource, In, MoreThan, Not, Raw, type Repository } from 'typeorm';
import { appendAudit } from './audit/append-audit.ts';
import { type Job, type JobStatus, jobEntity, type Role } from './entities.ts';
import {
  JobActive,
  JobFenced,
  JobNameTaken,
  JobWrongState,
  UnknownJob,
  UnknownSink,
  UnknownSource,
  VersionConflict,
} from './errors.ts';
import { isIdOrName } from './id-or-name.ts';
import { insertJob, type JobInput } from './insert-job.ts';
import { type Page, type PageRequest, toPage } from './page.ts';
import { violatedUnique, violatesReference } from './postgres-error.ts';

/** Jobs in a list that shows all of them at once. */
const LINES_MAX = 2_000;

/** A job without its document. */
export type JobLine = Pick<
  Job,
  'id' | 'name' | 'status' | 'desired' | 'generation' | 'error' | 'executionStartedAt' | 'updatedAt'
> & { readonly guarantee: string; readonly snapshotInterval: string };

/** No execution works on the job in these, and none will start without the user asking. */
const FINISHED: readonly JobStatus[] = ['COMPLETED', 'FAILED'];

/** The same seen by somebody who wants to delete: nothing runs, and nothing is about to. */
const INACTIVE = `status IN ('COMPLETED', 'FAILED') OR desired = 'suspended' AND status = 'SUSPENDED'
  OR desired = 'cancelled' AND status IN ('NOT_RUNNING', 'SUSPENDED')`;

/** Submitted jobs: what the user wants of them (written by the API) and what became of them (written by the member that runs them). */
export class JobRepository {
  readonly #dataSource: DataSource;
  readonly #rows: Repository<Job>;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
    this.#rows = dataSource.getRepository(jobEntity);
  }

  /**
   * Makes a job that wants to run; one with this id already is returned as it is (a second try of the same request).
   * @throws MillraceError `job.name_taken`, `source.unknown` / `sink.unknown` (deleted meanwhile)
   */
  async create(id: string, input: JobInput): Promise<Job> {
    const { name, uses } = input;
    try {
      await this.#dataSource.transaction((manager) => insertJob(manager, id, input));
    } catch (error) {
      if (violatesReference(error)) throw await this.#lostDefinition(uses, error);
      if (violatedUnique(error) === undefined) throw error;
      if ((await this.#rows.findOneBy({ id })) === null) throw nameTaken(name, error);
    }
    return this.get(id);
  }

  /** @throws MillraceError `job.unknown`, with names that are near */
  async get(idOrName: string): Promise<Job> {
    const found = await this.find(idOrName);
    if (found !== undefined) return found;
    const known = await this.#rows.find({ select: { id: true, name: true }, order: { name: 'ASC' }, take: 1_000 });
    throw new MillraceError(UnknownJob, {
      message: `there is no job "${idOrName}"`,
      mend: suggestNames(
        'job',
        idOrName,
        known.map((job) => job.name),
      ),
      details: { name: idOrName },
    });
  }

  async find(idOrName: string): Promise<Job | undefined> {
    if (!isIdOrName(idOrName)) return undefined;
    return (await this.#rows.findOne({ where: [{ id: idOrName }, { name: idOrName }] })) ?? undefined;
  }

  /** @param sink only jobs that name this sink */
  async list({ limit, after }: PageRequest, { sink }: { readonly sink?: string } = {}): Promise<Page<Job>> {
    const naming = Raw((id) => `EXISTS (SELECT FROM millrace.job_sink WHERE job_id = ${id} AND sink_name = :sink)`, {
      sink,
    });
    const newer = after === undefined ? [] : [MoreThan(after)];
    const conditions = [...newer, ...(sink === undefined ? [] : [naming])];
    const where = conditions.length === 0 ? {} : { id: And(...conditions) };
    return toPage(await this.#rows.find({ where, order: { id: 'ASC' }, take: limit + 1 }), limit);
  }

  /** Every job in a line, by name, at most `LINES_MAX`; documents stay where they are. */
  async lines(): Promise<readonly JobLine[]> {
    const rows = await this.#dataSource.query<(Omit<JobLine, 'generation'> & { generation: string })[]>(
      `SELECT id, name, status, desired, generation, error, execution_started_at AS "executionStartedAt",
         updated_at AS "updatedAt", coalesce(document ->> 'guarantee', 'exactly-once') AS guarantee,
         coalesce(document ->> 'snapshotInterval', '1s') AS "snapshotInterval"
       FROM millrace.job ORDER BY name LIMIT ${LINES_MAX}`,
    );
    return rows.map((row) => ({ ...row, generation: Number(row.generation) }));
  }

  /** Names of the jobs that use a definition. */
  async using(role: Role, definition: string): Promise<readonly { readonly id: string; readonly name: string }[]> {
    return this.#dataSource.query(
      `SELECT job.id, job.name FROM millrace.job JOIN millrace.job_${role} used ON used.job_id = job.id
       WHERE used.${role}_name = $1 ORDER BY job.name`,
      [definition],
    );
  }

  /** Jobs that should have an execution: wanted running and neither completed nor failed. The worker's reconciler asks. */
  async listRunnable(): Promise<readonly Job[]> {
    return this.#rows.find({ where: { desired: 'running', status: Not(In(FINISHED)) }, order: { id: 'ASC' } });
  }

  /** Jobs that should have come to rest and have not: an execution has to see to it. The worker's reconciler asks. */
  async listUnsettled(): Promise<readonly Job[]> {
    return this.#rows.find({
      where: [
        { desired: 'suspended', status: Not(In([...FINISHED, 'SUSPENDED'])) },
        { desired: 'cancelled', status: Not(In(FINISHED)) },
      ],
      order: { id: 'ASC' },
    });
  }

  /** Wants the job suspended; already so is fine. @throws MillraceError `job.unknown`, `job.wrong_state` */
  suspend(idOrName: string): Promise<Job> {
    return this.#command(
      idOrName,
      ['suspend', 'suspended'],
      { desired: 'suspended' },
      `desired <> 'cancelled' AND status NOT IN ('COMPLETED', 'FAILED')`,
    );
  }

  /**
   * Wants the job running again, from its newest snapshot; also after it failed. Already running is fine.
   * @throws MillraceError `job.unknown`, `job.wrong_state`
   */
  resume(idOrName: string): Promise<Job> {
    return this.#command(
      idOrName,
      ['resume', 'resumed'],
      {
        desired: 'running',
        // Failed and suspended jobs become ones that wait for an execution; a running one is left alone.
        status: () => `CASE WHEN status IN ('FAILED', 'SUSPENDED') THEN 'NOT_RUNNING' ELSE status END`,
        error: () => `CASE WHEN status IN ('FAILED', 'SUSPENDED') THEN NULL ELSE error END`,
        endedAt: null,
      },
      `desired <> 'cancelled' AND status <> 'COMPLETED'`,
    );
  }

  /** Wants a new execution from the newest snapshot. @throws MillraceError `job.unknown`, `job.wrong_state` */
  restart(idOrName: string): Promise<Job> {
    return this.#command(
      idOrName,
      ['restart', 'restarted'],
      {
        desired: 'running',
        restartRequested: () => 'restart_requested + 1',
        status: () => `CASE WHEN status IN ('FAILED', 'SUSPENDED') THEN 'NOT_RUNNING' ELSE status END`,
        error: () => `CASE WHEN status IN ('FAILED', 'SUSPENDED') THEN NULL ELSE error END`,
        endedAt: null,
      },
      `desired <> 'cancelled' AND status <> 'COMPLETED'`,
    );
  }

  /** Wants the job ended for good; already so is fine. @throws MillraceError `job.unknown` */
  cancel(idOrName: string): Promise<Job> {
    return this.#command(
      idOrName,
      ['cancel', 'cancelled'],
      { desired: 'cancelled' },
      `status <> 'COMPLETED' OR desired = 'cancelled'`,
    );
  }

  /**
   * Begins an execution: STARTING under `generation`, if the job still wants to run and no newer execution has begun. Call it before anything
   * is made at another system: a job can be deleted only while it is not begun, so nothing is left behind.
   * @returns the job as begun, or `undefined` when it should not run (suspended, cancelled, finished, deleted).
   * @throws MillraceError `job.fenced`
   */
  async begin(jobId: string, generation: number): Promise<Job | undefined> {
    const { affected } = await this.#rows
      .createQueryBuilder()
      .update()
      .set({
        status: 'STARTING',
        generation,
        error: null,
        executionStartedAt: () => 'now()',
        startedAt: () => 'coalesce(started_at, now())',
        endedAt: null,
        updatedAt: () => 'now()',
      })
      .where(
        `id = :jobId AND desired = 'running' AND status NOT IN ('COMPLETED', 'FAILED') AND generation < :generation`,
        { jobId, generation },
      )
      .execute();
    const job = await this.find(jobId);
    if (affected === 0 && job !== undefined && job.generation >= generation) throw fenced(job, generation);
    return affected === 0 ? undefined : job;
  }

  /**
   * Writes what became of the job, unless a newer execution has written already. `error` is cleared when not given, `counts` stay.
   * @throws MillraceError `job.fenced` (stop at once), `job.unknown` (deleted: stop as well)
   */
  async setStatus(
    jobId: string,
    generation: number,
    status: JobStatus,
    { error, counts }: { readonly error?: ErrorRecord | undefined; readonly counts?: Job['counts'] | undefined } = {},
  ): Promise<void> {
    const kept: object | null = error === undefined ? null : maskSecretsDeep({ ...error, stack: undefined });
    const { affected } = await this.#rows
      .createQueryBuilder()
      .update()
      .set({
        status,
        generation,
        error: kept,
        ...(counts === undefined ? {} : { counts: counts as never }),
        endedAt: FINISHED.includes(status) ? () => 'now()' : null,
        updatedAt: () => 'now()',
      })
      .where('id = :jobId AND generation <= :generation', { jobId, generation })
      .execute();
    if (affected === 0) throw fenced(await this.get(jobId), generation);
  }

  /**
   * The first half of deleting: a job that is not active is cancelled for good, so that no execution can begin while what it left at other systems
   * is removed. Repeatable, should the process die before `delete`.
   * @throws MillraceError `job.unknown`, `job.active`, `catalog.version_conflict`
   */
  async retire(idOrName: string, expectedVersion?: number): Promise<Job> {
    const job = await this.get(idOrName);
    if (expectedVersion !== undefined && expectedVersion !== job.version) {
      throw new MillraceError(VersionConflict, {
        message: `the job "${job.name}" has version ${job.version}, not ${expectedVersion}`,
        mend: `Read it again with GET /api/v1/jobs/${job.name}, and send its ETag as If-Match.`,
        details: { version: job.version },
      });
    }
    const { affected } = await this.#rows
      .createQueryBuilder()
      .update()
      .set({ desired: 'cancelled', version: () => 'version + 1', updatedAt: () => 'now()' })
      .where(`id = :id AND version = :version AND (${INACTIVE})`, { id: job.id, version: job.version })
      .execute();
    if (affected === 0) throw active(await this.get(job.id));
    return this.get(job.id);
  }

  /** The second half of deleting: removes a retired job with its witness. @throws MillraceError `job.active` when it was not retired */
  async delete(id: string): Promise<void> {
    const isGone = await this.#dataSource.transaction(async (manager) => {
      const before = await manager.findOneBy(jobEntity, { id });
      const { affected } = await manager
        .createQueryBuilder()
        .delete()
        .from(jobEntity)
        .where(`id = :id AND desired = 'cancelled' AND (${INACTIVE})`, { id })
        .execute();
      if (affected !== 0 && before !== null) {
        const { name, document, module, status } = before;
        const entry = { action: 'job.delete', target: `job/${id}`, before: { name, document, module, status } };
        await appendAudit(manager, entry);
      }
      return affected !== 0;
    });
    const left = isGone ? undefined : await this.find(id);
    if (left !== undefined) throw active(left);
  }

  /** One statement decides and writes, so that commands that race each other or the worker cannot mix; the row is locked for its entry in the audit log. */
  async #command(idOrName: string, [action, verb]: Command, change: object, allowed: string): Promise<Job> {
    const { id } = await this.get(idOrName);
    const isAllowed = await this.#dataSource.transaction(async (manager) => {
      const before = await manager.findOne(jobEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
      const { affected } = await manager
        .createQueryBuilder()
        .update(jobEntity)
        .set({ ...change, version: () => 'version + 1', updatedAt: () => 'now()' })
        .where(`id = :id AND (${allowed})`, { id })
        .execute();
      const after = await manager.findOneBy(jobEntity, { id });
      if (affected === 0 || before === null || after === null) return false;
      const states = { before: stateOf(before), after: stateOf(after) };
      await appendAudit(manager, { action: `job.${action}`, target: `job/${id}`, ...states });
      return true;
    });
    const job = await this.get(id);
    if (!isAllowed) throw wrongState(job, verb);
    return job;
  }

  async #lostDefinition(uses: JobInput['uses'], cause: unknown): Promise<unknown> {
    for (const role of ['source', 'sink'] as const) {
      for (const name of uses[role]) {
        const rows: unknown[] = await this.#dataSource.query(`SELECT 1 FROM millrace.${role} WHERE name = $1`, [name]);
        if (rows.length > 0) continue;
        return new MillraceError(
          role === 'source' ? UnknownSource : UnknownSink,
          {
            message: `there is no ${role} "${name}"`,
            mend: `Register it first with POST /api/v1/${role}s.`,
            details: { name },
          },
          { cause },
        );
      }
    }
    return cause;
  }
}

/** What a person does to a job, and how it is said in a refusal. */
type Command = readonly [action: string, participle: string];

/** What the audit log keeps of a command. */
const stateOf = ({ name, desired, status, restartRequested, error }: Job): object => ({
  name,
  desired,
  status,
  restartRequested,
  ...(error === null ? {} : { error: error.code }),
});

const nameTaken = (name: string, cause: unknown): MillraceError =>
  new MillraceError(
    JobNameTaken,
    {
      message: `a job named "${name}" exists already`,
      mend: `Choose another name, or remove that job: POST /api/v1/jobs/${name}/cancel, then DELETE /api/v1/jobs/${name}.`,
      pointer: '/name',
    },
    { cause },
  );

const fenced = (job: Job, generation: number): MillraceError =>
  new MillraceError(JobFenced, {
    message: `execution ${generation} of job "${job.name}" is superseded by execution ${job.generation}`,
    details: { generation, newest: job.generation },
  });

const active = (job: Job): MillraceError =>
  new MillraceError(JobActive, {
    message: `the job "${job.name}" is ${job.status} (wanted: ${job.desired})`,
    mend:
      job.desired === 'cancelled'
        ? `It is being cancelled; try again when GET /api/v1/jobs/${job.name} shows it is not running.`
        : `Cancel it first: POST /api/v1/jobs/${job.name}/cancel.`,
    details: { status: job.status, desired: job.desired },
  });

/** @internal Also for what else is wanted of a job. */
export const wrongState = (job: Job, verb: string): MillraceError =>
  new MillraceError(JobWrongState, {
    message: `the job "${job.name}" is ${job.status} (wanted: ${job.desired}) and cannot be ${verb}`,
    mend:
      job.status === 'FAILED' && job.desired !== 'cancelled'
        ? `It has failed and does not run; repair the cause, then POST /api/v1/jobs/${job.name}/resume, or DELETE it.`
        : `It has ended for good; DELETE it and submit it again with POST /api/v1/jobs.`,
    details: { status: job.status, desired: job.desired },
  });
