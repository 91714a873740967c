import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorRecord, MillraceError, ulids } from '@millrace/kernel';
import { Fenced } from '../src/errors.ts';
import type { JobCounts } from '../src/execution/job-counts.ts';
import type { JobDirectory, JobOutcome, JobPlan, JobView } from '../src/execution/job-directory.ts';
import type { Witness, WitnessStore } from '../src/snapshot/witness.ts';

export interface FileJob extends JobView {
  readonly error?: ErrorRecord | undefined;
  readonly counts?: JobCounts | undefined;
  readonly history: readonly string[];
}

/** A job and its witness in two files, so that several processes can share them, with the catalog's conditions on writes. */
export class FileCatalog implements JobDirectory {
  readonly directory: string;
  readonly plans: JobPlan;
  /** Thrown by everything while it is set, as when the database is away. */
  away: Error | undefined;

  constructor(directory: string, plans: JobPlan) {
    this.directory = directory;
    this.plans = plans;
    if (existsSync(join(directory, 'job.json'))) return;
    this.job = {
      id: ulids.next(),
      name: 'counting',
      desired: 'running',
      status: 'NOT_RUNNING',
      restartRequested: 0,
      generation: 0,
      history: [],
    };
  }

  get job(): FileJob {
    return JSON.parse(readFileSync(join(this.directory, 'job.json'), 'utf8')) as FileJob;
  }

  set job(job: FileJob) {
    this.#write('job.json', job);
  }

  change(change: Partial<FileJob>): void {
    this.job = { ...this.job, ...change };
  }

  #write(name: string, value: unknown): void {
    const path = join(this.directory, name);
    writeFileSync(`${path}.new`, JSON.stringify(value));
    renameSync(`${path}.new`, path);
  }

  #checkAway(): void {
    if (this.away !== undefined) throw this.away;
  }

  async find(): Promise<JobView | undefined> {
    this.#checkAway();
    return this.job;
  }

  async begin(_jobId: string, generation: number): Promise<boolean> {
    this.#checkAway();
    const { job } = this;
    if (job.generation >= generation) throw new MillraceError(Fenced, { message: 'fenced' });
    if (job.desired !== 'running' || job.status === 'COMPLETED' || job.status === 'FAILED') return false;
    this.change({ status: 'STARTING', generation, error: undefined, history: [...job.history, 'STARTING'] });
    return true;
  }

  async setStatus(_jobId: string, generation: number, { status, error, counts }: JobOutcome): Promise<void> {
    this.#checkAway();
    const { job } = this;
    if (job.generation > generation) throw new MillraceError(Fenced, { message: 'fenced' });
    this.change({ status, generation, error, counts: counts ?? job.counts, history: [...job.history, status] });
  }

  async plan(): Promise<JobPlan> {
    return this.plans;
  }

  readonly witness: WitnessStore = {
    read: async () => {
      this.#checkAway();
      return this.readWitness();
    },
    write: async (_jobId, witness) => {
      this.#checkAway();
      const stored = this.readWitness();
      const isNewer =
        stored === undefined ||
        (witness.generation >= stored.generation && witness.snapshotId > stored.snapshotId) ||
        (witness.generation === stored.generation && witness.hash === stored.hash);
      if (!isNewer) throw new MillraceError(Fenced, { message: 'not newer' });
      const { state } = witness;
      this.#write('witness.json', { ...witness, state: state && Buffer.from(state).toString('base64') });
    },
  };

  readWitness(): Witness | undefined {
    const path = join(this.directory, 'witness.json');
    if (!existsSync(path)) return undefined;
    const { state, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as Omit<Witness, 'state'> & { state?: string };
    return { ...rest, state: state === undefined ? undefined : Buffer.from(state, 'base64') };
  }
}
