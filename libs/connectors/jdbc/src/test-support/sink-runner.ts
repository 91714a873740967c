import type { Batch, Processor, ProcessorContext, SnapshotEntry } from '@millrace/engine';
import { systemClock, ulids } from '@millrace/kernel';
import { connectionSchema, stageSchema } from '../config.ts';
import { jdbcSink } from '../index.ts';

export interface RunnerOptions {
  readonly generation?: number;
  readonly restored?: number | undefined;
  readonly state?: readonly SnapshotEntry[];
  readonly stage?: Readonly<Record<string, unknown>>;
  readonly jobId?: string;
  readonly guarantee?: ProcessorContext['guarantee'];
}

export const resolved = (connection: object, options: RunnerOptions = {}) => ({
  config: connectionSchema.parse({ ssl: 'disable', ...connection }),
  stage: stageSchema.parse(options.stage ?? {}),
  job: { jobId: options.jobId ?? '01JOB', jobName: 'test', stage: 'copy' },
});

/** Drives one sink processor as a tasklet does: a callback that returned `false` is called again after `wake`. */
export class SinkRunner {
  readonly processor: Processor;
  readonly metrics: { [name: string]: number; rowsWritten: number; transactions: number } = {
    rowsWritten: 0,
    transactions: 0,
  };
  /** The first error, as `context.fail` gets it. */
  readonly failure: Promise<unknown>;
  failed: unknown;
  readonly #context: ProcessorContext;
  readonly #abort = new AbortController();
  #woken: (() => void) | undefined;
  #isWoken = false;

  private constructor(connection: object, options: RunnerOptions) {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.failure = promise;
    const options2 = resolved(connection, options);
    this.processor = jdbcSink.createSink(options2)({ globalIndex: 0, totalParallelism: 1 });
    this.#context = {
      jobId: options2.job.jobId,
      jobName: 'test',
      generation: options.generation ?? 1,
      vertex: 'copy',
      globalIndex: 0,
      totalParallelism: 1,
      guarantee: options.guarantee ?? 'exactly-once',
      restoredSnapshotId: options.restored,
      outbox: { edgeCount: 0, offer: () => true, offerTo: () => true },
      clock: systemClock,
      ids: ulids,
      metrics: {
        add: (name, delta) => {
          this.metrics[name] = (this.metrics[name] ?? 0) + delta;
        },
        set: (name, value) => {
          this.metrics[name] = value;
        },
      },
      signal: this.#abort.signal,
      wake: () => {
        this.#isWoken = true;
        this.#woken?.();
      },
      fail: (error) => {
        this.failed ??= error;
        resolve(error);
        this.#woken?.();
      },
    };
  }

  static async start(connection: object, options: RunnerOptions = {}): Promise<SinkRunner> {
    const runner = new SinkRunner(connection, options);
    try {
      await runner.processor.init!(runner.#context);
      for (const entry of options.state ?? []) runner.processor.restoreSnapshot!(entry);
      await runner.processor.restoreFinished!();
      return runner;
    } catch (error) {
      await runner.processor.close!();
      throw error;
    }
  }

  async feed(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) await this.#until(() => this.processor.process!(0, batch));
  }

  /** Everything before is committed when this resolves; the saved state is returned. */
  async snapshot(snapshotId: number): Promise<readonly SnapshotEntry[]> {
    await this.#until(() => this.processor.snapshotPrepare!(snapshotId));
    const entries: SnapshotEntry[] = [];
    this.processor.saveSnapshot!(snapshotId, { offer: (entry) => entries.push(entry) > 0 });
    return entries;
  }

  /** Phase two, where the sink has one. */
  async commit(snapshotId: number): Promise<void> {
    await this.processor.snapshotCommit?.(snapshotId);
  }

  /** Writes all that was fed. */
  async settle(): Promise<void> {
    await this.#until(() => this.processor.complete!());
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.processor.close!();
  }

  async #until(callback: () => boolean): Promise<void> {
    for (;;) {
      if (this.failed !== undefined) throw this.failed;
      this.#isWoken = false;
      if (callback()) return;
      if (this.#isWoken || this.failed !== undefined) {
        // The event loop must turn, or the socket is never read.
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#woken = resolve;
      });
      this.#woken = undefined;
    }
  }
}
