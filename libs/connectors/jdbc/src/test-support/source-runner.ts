import type { Processor, SnapshotEntry } from '@millrace/engine';
import { type ChangeBatch, changeEvents, type Row } from '@millrace/formats';
import { systemClock, ulids } from '@millrace/kernel';
import { connectionSchema } from '../config.ts';
import { jdbcSource } from '../index.ts';
import { sourceStageSchema } from '../source/source-config.ts';

const JOB = { jobId: '01JOB', jobName: 'test', stage: 'rows' };

export const resolvedSource = (connection: object, stage: object) => ({
  config: connectionSchema.parse({ ssl: 'disable', ...connection }),
  stage: sourceStageSchema.parse(stage),
  job: JOB,
});

/** Findings of a stage as `severity code`. */
export async function findingsOf(connection: object, stage: object): Promise<readonly string[]> {
  const { findings } = await jdbcSource.describe(resolvedSource(connection, stage), new AbortController().signal);
  return findings.map(({ severity, code }) => `${severity} ${code}`);
}

/** Calls the source as the engine would and collects what it emits. */
export class SourceRunner {
  readonly batches: ChangeBatch[] = [];
  /** Rows taken so far. */
  count = 0;
  isDone = false;
  /** Takes no batch after so many rows until this is raised. */
  limit = Number.POSITIVE_INFINITY;
  readonly #source: Processor;
  #failure: { readonly error: unknown } | undefined;
  #isWoken = false;
  #wake = (): void => {};

  private constructor(connection: object, stage: object) {
    const supplier = jdbcSource.createSource({ ...resolvedSource(connection, stage), sinksShowRowsAtOnce: false });
    this.#source = supplier({ globalIndex: 0, totalParallelism: 1 });
  }

  static async start(connection: object, stage: object, restored?: readonly SnapshotEntry[]): Promise<SourceRunner> {
    const runner = new SourceRunner(connection, stage);
    const take = (item: unknown): boolean => {
      if (runner.count >= runner.limit) return false;
      runner.batches.push(item as ChangeBatch);
      runner.count += (item as ChangeBatch).length;
      return true;
    };
    const wake = (): void => {
      runner.#isWoken = true;
      runner.#wake();
    };
    await runner.#source.init?.({
      ...JOB,
      generation: 1,
      vertex: JOB.stage,
      globalIndex: 0,
      totalParallelism: 1,
      guarantee: 'exactly-once',
      restoredSnapshotId: restored === undefined ? undefined : 1,
      outbox: { edgeCount: 1, offer: take, offerTo: (_, item) => take(item) },
      clock: systemClock,
      ids: ulids,
      metrics: { add() {}, set() {} },
      signal: new AbortController().signal,
      wake,
      fail(error) {
        runner.#failure ??= { error };
        wake();
      },
    });
    for (const entry of restored ?? []) runner.#source.restoreSnapshot?.(entry);
    await runner.#source.restoreFinished?.();
    return runner;
  }

  /** Lets it work until so many rows have come, or it has ended. */
  async until(count: number): Promise<this> {
    this.limit = count;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      this.#isWoken = false;
      this.isDone = this.#source.complete!();
      if (this.count >= count || this.isDone) return this;
      if (this.#isWoken) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  end(): Promise<this> {
    return this.until(Number.POSITIVE_INFINITY);
  }

  get rows(): Row[] {
    return this.batches.flatMap((batch) => changeEvents(batch).map(({ after }) => after!));
  }

  save(): SnapshotEntry[] {
    const entries: SnapshotEntry[] = [];
    this.#source.saveSnapshot!(1, { offer: (entry) => entries.push(entry) > 0 });
    return entries;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source.close!();
  }
}
