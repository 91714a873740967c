import { MillraceError } from '@millrace/kernel';
import type { DataSource, Repository } from 'typeorm';
import { type SnapshotWitness, witnessEntity } from './entities.ts';
import { JobFenced, UnknownJob } from './errors.ts';
import { violatesReference } from './postgres-error.ts';

/**
 * The witness of each job's newest snapshot, written before phase two. A restore compares it with what Redis has, so that a Redis
 * that lost writes never makes a job skip or repeat a range.
 */
export class WitnessRepository {
  readonly #dataSource: DataSource;
  readonly #rows: Repository<SnapshotWitness>;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
    this.#rows = dataSource.getRepository(witnessEntity);
  }

  async read(jobId: string): Promise<SnapshotWitness | undefined> {
    return (await this.#rows.findOneBy({ jobId })) ?? undefined;
  }

  /**
   * Remembers a snapshot if it is newer and not of an older generation; the same one again is fine (an answer that got lost).
   * One statement, so that two executions cannot both pass the comparison.
   * @throws MillraceError `job.fenced`, `job.unknown`
   */
  async write({ jobId, snapshotId, generation, state, stateHash, takenAt }: SnapshotWitness): Promise<void> {
    let written: { job_id: string }[];
    try {
      written = await this.#dataSource.query(
        `INSERT INTO millrace.snapshot_witness AS stored (job_id, snapshot_id, generation, state, state_hash, taken_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (job_id) DO UPDATE
           SET snapshot_id = excluded.snapshot_id, generation = excluded.generation, state = excluded.state,
               state_hash = excluded.state_hash, taken_at = excluded.taken_at
           WHERE excluded.generation >= stored.generation AND excluded.snapshot_id > stored.snapshot_id
              OR (excluded.generation, excluded.snapshot_id, excluded.state_hash)
                 = (stored.generation, stored.snapshot_id, stored.state_hash)
         RETURNING job_id`,
        [jobId, snapshotId, generation, state, stateHash, takenAt],
      );
    } catch (error) {
      if (!violatesReference(error)) throw error;
      throw new MillraceError(UnknownJob, { message: `there is no job "${jobId}"` }, { cause: error });
    }
    if (written.length > 0) return;
    const stored = await this.read(jobId);
    throw new MillraceError(JobFenced, {
      message: `snapshot ${snapshotId} of execution ${generation} is not newer than snapshot ${stored?.snapshotId} of execution ${stored?.generation}`,
      details: { snapshotId, generation, storedSnapshotId: stored?.snapshotId, storedGeneration: stored?.generation },
    });
  }
}
