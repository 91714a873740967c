import type { Batch, Processor, ProcessorContext, SnapshotEntry } from '@millrace/engine';
import { systemClock, ulids } from '@millrace/kernel';
import { clusterConfig, sinkStage } from '../config.ts';
import { kafkaSink } from '../connector.ts';

export const JOB = { jobId: '01JD0000000000000000000000', jobName: 'shop', stage: 'events' };

export interface DriveOptions {
  readonly config: Readonly<Record<string, unknown>>;
  readonly stage?: Readonly<Record<string, unknown>>;
  readonly jobId?: string;
  readonly generation?: number;
  readonly writer?: number;
  readonly parallelism?: number;
  readonly restored?: { readonly snapshotId: number; readonly entries: readonly SnapshotEntry[] } | undefined;
  readonly guarantee?: ProcessorContext['guarantee'];
}

export const resolvedOptions = ({ config, stage, jobId }: DriveOptions) => ({
  config: clusterConfig.parse(config),
  stage: sinkStage.parse(stage ?? {}),
  job: { ...JOB, jobId: jobId ?? JOB.jobId },
});

/** Calls one sink instance as the engine would; every step resolves when the sink has said `true`, rejects when it failed. */
export class DrivenSink {
  readonly #sink: Processor;
  readonly counts = new Map<string, number>();
  #failure: { readonly error: unknown } | undefined;
  #wake = (): void => {};

  private constructor(sink: Processor) {
    this.#sink = sink;
  }

  static async start(options: DriveOptions): Promise<DrivenSink> {
    const { writer = 0, parallelism = 1 } = options;
    const resolved = resolvedOptions(options);
    const supplier = kafkaSink.createSink(resolved);
    const driven = new DrivenSink(supplier({ globalIndex: writer, totalParallelism: parallelism }));
    await driven.#sink.init?.({
      ...resolved.job,
      generation: options.generation ?? 1,
      vertex: JOB.stage,
      globalIndex: writer,
      totalParallelism: parallelism,
      guarantee: options.guarantee ?? 'exactly-once',
      restoredSnapshotId: options.restored?.snapshotId,
      outbox: { edgeCount: 0, offer: () => true, offerTo: () => true },
      clock: systemClock,
      ids: ulids,
      metrics: {
        add: (name, delta) => driven.counts.set(name, (driven.counts.get(name) ?? 0) + delta),
        set() {},
      },
      signal: new AbortController().signal,
      wake: () => driven.#wake(),
      fail(error) {
        driven.#failure ??= { error };
        driven.#wake();
      },
    });
    try {
      for (const entry of options.restored?.entries ?? []) driven.#sink.restoreSnapshot?.(entry);
      await driven.#sink.restoreFinished?.();
    } catch (error) {
      await driven.close();
      throw error;
    }
    return driven;
  }

  /** Writes a batch. */
  async write(...batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) await this.#until(() => this.#sink.process!(0, batch));
  }

  /** Whether the sink takes the batch at once. */
  offer(batch: Batch): boolean {
    return this.#sink.process!(0, batch);
  }

  /** Phase one; returns the state to keep. */
  async prepare(snapshotId: number): Promise<SnapshotEntry[]> {
    const entries: SnapshotEntry[] = [];
    await this.#until(() => this.#sink.snapshotPrepare!(snapshotId));
    await this.#until(() => this.#sink.saveSnapshot!(snapshotId, { offer: (entry) => entries.push(entry) > 0 }));
    return entries;
  }

  async commit(snapshotId: number): Promise<void> {
    await this.#sink.snapshotCommit!(snapshotId);
  }

  /** A whole snapshot. */
  async snapshot(snapshotId: number): Promise<SnapshotEntry[]> {
    const entries = await this.prepare(snapshotId);
    await this.commit(snapshotId);
    return entries;
  }

  complete(): Promise<void> {
    return this.#until(() => this.#sink.complete!());
  }

  async close(): Promise<void> {
    await this.#sink.close?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #until(step: () => boolean): Promise<void> {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (this.#failure !== undefined || step()) break;
      await woken;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
