import type { JobIdentity } from '@millrace/connector-contract';
import type { Batch, Processor, ProcessorContext, SnapshotEntry, Watermark } from '@millrace/engine';
import { type ChangeBatch, isChangeBatch } from '@millrace/formats';
import { systemClock, ulids } from '@millrace/kernel';
import type { TestDatabase } from '@millrace/testing';
import type { StageOptions } from '../config.ts';
import { postgresSource } from '../index.ts';
import { type ReadableEvent, readableEvents } from './readable-events.ts';

export interface RunnerOptions {
  readonly stage: Partial<StageOptions> & Pick<StageOptions, 'tables'>;
  readonly guarantee?: ProcessorContext['guarantee'];
  /** Default `true`, as an upserting sink. */
  readonly sinksShowRowsAtOnce?: boolean;
  /** Slot names are the server's: runs on several databases need several jobs. */
  readonly job?: JobIdentity;
  /** What an earlier run saved. */
  readonly restore?: SavedSnapshot | undefined;
}

export interface SavedSnapshot {
  readonly snapshotId: number;
  readonly entries: readonly SnapshotEntry[];
}

/** Job id of all test runs: one job, restarted. */
export const JOB = { jobId: '01JDTESTJ0B000000000000000', jobName: 'test', stage: 'src' };

/** Drives a source as the engine does, with an outbox that can refuse. */
export class SourceRunner implements AsyncDisposable {
  readonly batches: ChangeBatch[] = [];
  readonly metrics = new Map<string, number>();
  /** Refuses every offer while set. */
  isFull = false;
  /** Refuses every other offer while set: the same batch must come again. */
  isMoody = false;
  readonly #source: Processor;
  readonly #abort = new AbortController();
  #snapshotId: number;
  #offers = 0;
  #lastRefused: unknown;
  #isAwake = true;
  #notify: () => void = () => {};
  #failure: unknown;

  private constructor(source: Processor, snapshotId: number) {
    this.#source = source;
    this.#snapshotId = snapshotId;
  }

  static async start(database: TestDatabase, options: RunnerOptions): Promise<SourceRunner> {
    const config = postgresSource.config.parse({ ...database.connection, ssl: 'disable' });
    const stage = postgresSource.stage.parse({ initialLoad: 'none', ...options.stage });
    const { sinksShowRowsAtOnce = true } = options;
    const supplier = postgresSource.createSource({ config, stage, job: options.job ?? JOB, sinksShowRowsAtOnce });
    const source = supplier({ globalIndex: 0, totalParallelism: 1 });
    const runner = new SourceRunner(source, options.restore?.snapshotId ?? 0);
    try {
      await source.init?.(runner.#context(options));
      for (const entry of options.restore?.entries ?? []) source.restoreSnapshot!(entry);
      await source.restoreFinished?.();
      return runner;
    } catch (error) {
      await runner[Symbol.asyncDispose]();
      throw error;
    }
  }

  get events(): readonly ReadableEvent[] {
    return this.batches.flatMap(readableEvents);
  }

  /** Works until `isDone` holds. @throws what the source failed with */
  async until(isDone: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isDone())) await this.#turn();
  }

  async untilEvents(count: number): Promise<readonly ReadableEvent[]> {
    let seen = 0;
    let read = 0;
    await this.until(() => {
      for (; read < this.batches.length; read++) seen += this.batches[read]!.length;
      return seen >= count;
    });
    return this.events;
  }

  /** Brings the source to a barrier and saves its state. */
  async save(): Promise<SavedSnapshot> {
    const snapshotId = ++this.#snapshotId;
    await this.until(() => this.#source.snapshotReady!(snapshotId));
    const entries: SnapshotEntry[] = [];
    let refusals = 1;
    const writer = { offer: (entry: SnapshotEntry) => refusals-- <= 0 && entries.push(entry) > 0 };
    while (!this.#source.saveSnapshot!(snapshotId, writer));
    return { snapshotId, entries };
  }

  /** Phase two. */
  async commit(snapshot: SavedSnapshot): Promise<void> {
    await this.#source.snapshotCommit!(snapshot.snapshotId);
  }

  async snapshot(): Promise<SavedSnapshot> {
    const saved = await this.save();
    await this.commit(saved);
    return saved;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('stopped'));
    await this.#source.close?.();
  }

  async #turn(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#isAwake = false;
    this.#source.complete!();
    const woken = new Promise<void>((resolve) => {
      this.#notify = resolve;
    });
    if (this.#isAwake || this.#lastRefused !== undefined) await new Promise(setImmediate);
    // A timer as well, for conditions that nothing of the source announces.
    else await Promise.race([woken, systemClock.sleep(20)]);
  }

  #wake(): void {
    this.#isAwake = true;
    this.#notify();
  }

  #offer(item: Batch | Watermark): boolean {
    if (this.#lastRefused !== undefined && this.#lastRefused !== item)
      throw new Error('a refused batch must be offered again first');
    const refuses = this.isFull || (this.isMoody && this.#offers++ % 2 === 0);
    this.#lastRefused = refuses ? item : undefined;
    if (refuses) return false;
    if (item.kind === 'watermark' || !isChangeBatch(item)) throw new Error('the source emits change batches');
    this.batches.push(item);
    return true;
  }

  #context(options: RunnerOptions): ProcessorContext {
    return {
      ...(options.job ?? JOB),
      generation: 1,
      vertex: 'src',
      globalIndex: 0,
      totalParallelism: 1,
      guarantee: options.guarantee ?? 'exactly-once',
      restoredSnapshotId: options.restore?.snapshotId,
      outbox: { edgeCount: 1, offer: (item) => this.#offer(item), offerTo: (_, item) => this.#offer(item) },
      clock: systemClock,
      ids: ulids,
      metrics: {
        add: (name, delta) => void this.metrics.set(name, (this.metrics.get(name) ?? 0) + delta),
        set: (name, value) => void this.metrics.set(name, value),
      },
      signal: this.#abort.signal,
      wake: () => this.#wake(),
      fail: (error) => {
        this.#failure ??= error;
        this.#wake();
      },
    };
  }
}
