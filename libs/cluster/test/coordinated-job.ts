import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '@millrace/engine';
import { systemClock, systemRandom } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import { ExecutionCoordinator } from '../src/execution/execution-coordinator.ts';
import type { JobFigures } from '../src/figures/job-figures.ts';
import type { JobStatus } from '../src/job-status.ts';
import { RedisSnapshotStore } from '../src/snapshot/redis-snapshot-store.ts';
import type { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import type { CountingSpec } from './counting-dag.ts';
import { FileCatalog, type FileJob } from './file-catalog.ts';
import { connected } from './open-store.ts';
import { shown } from './shown.ts';

const WAIT_MS_MAX = 30_000;
const LOOK_MS = 5;

/** A counting job with its folder, catalog and store; coordinators for it are made by `member`. */
export class CoordinatedJob implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'millrace-job-'));
  readonly catalog: FileCatalog;
  readonly redis: Redis;
  readonly store: RedisSnapshotStore;
  readonly figures: JobFigures[] = [];
  readonly lines: string[] = [];
  readonly #engine: Engine;

  private constructor(engine: Engine, redis: Redis, spec: Partial<CountingSpec>, intervalMs: number) {
    this.#engine = engine;
    this.redis = redis;
    this.store = new RedisSnapshotStore(redis);
    this.catalog = new FileCatalog(this.directory, {
      guarantee: 'exactly-once',
      snapshotIntervalMs: intervalMs,
      spec: { directory: this.directory, count: 1_000_000_000, batchRows: 10, pauseMs: 1, ...spec },
    });
  }

  static async on(
    engine: Engine,
    redisUrl: string,
    spec: Partial<CountingSpec> = {},
    intervalMs = 30,
  ): Promise<CoordinatedJob> {
    return new CoordinatedJob(engine, await connected(redisUrl), spec, intervalMs);
  }

  get job(): FileJob {
    return this.catalog.job;
  }

  /** What one member would make of the job. */
  member(store: SnapshotStore = this.store): ExecutionCoordinator {
    const { catalog } = this;
    const line = (fields: object, text: string): void => {
      this.lines.push(`${text} ${JSON.stringify(fields)}`);
    };
    return new ExecutionCoordinator(this.job.id, {
      engine: this.#engine,
      store,
      witness: catalog.witness,
      jobs: catalog,
      clock: systemClock,
      random: systemRandom,
      log: { info: line, warn: line, error: line },
      dagModule: new URL('./counting-dag.ts', import.meta.url).href,
      member: 'test',
      tellFigures: async (figures) => {
        this.figures.push(figures);
      },
    });
  }

  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = systemClock.monotonicMs() + WAIT_MS_MAX;
    while (!(await holds())) {
      if (systemClock.monotonicMs() > deadline)
        throw new Error(`not within ${WAIT_MS_MAX} ms: ${what}\n${this.lines.join('\n')}`);
      await systemClock.sleep(LOOK_MS);
    }
  }

  untilStatus(status: JobStatus): Promise<void> {
    return this.until(status, () => this.job.status === status);
  }

  /** Waits until the sinks show this many more numbers than now. */
  async untilShown(more: number): Promise<void> {
    const before = shown(this.directory, 'right').length;
    await this.until(`${more} more rows`, () => shown(this.directory, 'right').length >= before + more);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.redis.disconnect();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
