import { MillraceError } from '@millrace/kernel';
import type { DataSource, EntityManager } from 'typeorm';
import { appendAudit } from '../audit/append-audit.ts';
import { type Job, jobEntity } from '../entities.ts';
import { UnknownJob } from '../errors.ts';
import { wrongState } from '../job-repository.ts';
import { TableIsLoading, TooManyTableLoads } from './errors.ts';

/** Loads of one job that are not over: each adds to what its sources keep in every snapshot. */
const OPEN_MAX = 20;
/** Loads remembered of each job. */
const KEPT = 100;

/** `refused`: a table has lost its key since, so its rows cannot be told from those delivered before. */
export type TableLoadOutcome = 'done' | 'refused';

/** A request to load tables of a job again. */
export interface TableLoad {
  /** ULID. */
  readonly id: string;
  /** Source stage of the job. */
  readonly stage: string;
  readonly tables: readonly string[];
  readonly requestedAt: Date;
  /** `null`, as `outcome`, until a committed snapshot has all of it. */
  readonly finishedAt: Date | null;
  readonly outcome: TableLoadOutcome | null;
}

const COLUMNS = `id, stage, tables, requested_at AS "requestedAt", finished_at AS "finishedAt", outcome`;

/** Requests to load tables again: made by the API, taken by the next execution, finished by the member whose snapshot has them. */
export class TableLoadRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /**
   * Writes a request down and wants a new execution, which takes it; a job that is suspended or has failed takes it when it is resumed. One with
   * this id already is returned as it is (a second try of the same request).
   * @throws MillraceError `job.unknown`, `job.wrong_state`, `table_load.is_loading`, `table_load.too_many`
   */
  async request(jobId: string, request: Pick<TableLoad, 'id' | 'stage' | 'tables'>): Promise<TableLoad> {
    return this.#dataSource.transaction(async (manager) => {
      // Requests for one job come one after the other.
      const job = await manager.findOne(jobEntity, { where: { id: jobId }, lock: { mode: 'pessimistic_write' } });
      if (job === null) throw new MillraceError(UnknownJob, { message: `there is no job "${jobId}" any more` });
      const [known] = await manager.query<TableLoad[]>(
        `SELECT ${COLUMNS} FROM millrace.table_load WHERE id = $1 AND job_id = $2`,
        [request.id, jobId],
      );
      if (known !== undefined) return known;
      await refuse(manager, job, request);
      return await this.#insert(manager, job, request);
    });
  }

  /** Throws what `request` would. */
  async check(jobId: string, request: Pick<TableLoad, 'stage' | 'tables'>): Promise<void> {
    const job = await this.#dataSource.manager.findOneByOrFail(jobEntity, { id: jobId });
    await refuse(this.#dataSource.manager, job, request);
  }

  /** Those that are not over, the oldest first. */
  open(jobId: string): Promise<readonly TableLoad[]> {
    return openLoads(this.#dataSource.manager, jobId);
  }

  /** The newest first, at most `KEPT`. */
  list(jobId: string): Promise<readonly TableLoad[]> {
    return this.#dataSource.query(
      `SELECT ${COLUMNS} FROM millrace.table_load WHERE job_id = $1 ORDER BY id DESC LIMIT ${KEPT}`,
      [jobId],
    );
  }

  /** A committed snapshot has all of a load. The first outcome stays. */
  async finish(jobId: string, id: string, outcome: TableLoadOutcome): Promise<void> {
    await this.#dataSource.query(
      `UPDATE millrace.table_load SET finished_at = now(), outcome = $3
       WHERE job_id = $1 AND id = $2 AND outcome IS NULL`,
      [jobId, id, outcome],
    );
  }

  async #insert(
    manager: EntityManager,
    job: Job,
    { id, stage, tables }: Pick<TableLoad, 'id' | 'stage' | 'tables'>,
  ): Promise<TableLoad> {
    const rows = await manager.query<TableLoad[]>(
      `INSERT INTO millrace.table_load (id, job_id, stage, tables) VALUES ($1, $2, $3, $4) RETURNING ${COLUMNS}`,
      [id, job.id, stage, JSON.stringify(tables)],
    );
    await manager.query(
      `DELETE FROM millrace.table_load WHERE job_id = $1 AND outcome IS NOT NULL AND id IN (
         SELECT id FROM millrace.table_load WHERE job_id = $1 ORDER BY id DESC OFFSET ${KEPT})`,
      [job.id],
    );
    await manager.query(
      `UPDATE millrace.job SET restart_requested = restart_requested + 1, version = version + 1, updated_at = now() WHERE id = $1`,
      [job.id],
    );
    const after = { load: id, stage, tables };
    await appendAudit(manager, { action: 'job.load_tables', target: `job/${job.id}`, after });
    return rows[0]!;
  }
}

const openLoads = (manager: EntityManager, jobId: string): Promise<TableLoad[]> =>
  manager.query(`SELECT ${COLUMNS} FROM millrace.table_load WHERE job_id = $1 AND outcome IS NULL ORDER BY id`, [
    jobId,
  ]);

async function refuse(
  manager: EntityManager,
  job: Job,
  { stage, tables }: Pick<TableLoad, 'stage' | 'tables'>,
): Promise<void> {
  if (job.desired === 'cancelled' || job.status === 'COMPLETED') throw wrongState(job, 'asked to load a table');
  const open = await openLoads(manager, job.id);
  const see = `GET /api/v1/jobs/${job.name}/loads shows how far they are; ask again when they are over.`;
  const busy = open.find((load) => load.stage === stage && load.tables.some((table) => tables.includes(table)));
  if (busy !== undefined) {
    throw new MillraceError(TableIsLoading, {
      message: `${busy.tables.filter((table) => tables.includes(table)).join(', ')} of stage "${stage}" is being loaded already, by load ${busy.id}`,
      mend: see,
      details: { load: busy.id },
    });
  }
  if (open.length >= OPEN_MAX) {
    throw new MillraceError(TooManyTableLoads, {
      message: `${open.length} loads of the job "${job.name}" are not over, and ${OPEN_MAX} is the most`,
      mend: `Name several tables in one request. ${see}`,
    });
  }
}
