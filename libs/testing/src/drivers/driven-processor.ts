import type { JobIdentity } from '@millrace/connector-contract';
import type { Outbox, Processor, ProcessorContext, ProcessorSupplier, SnapshotEntry } from '@millrace/engine';
import { type Clock, systemClock, ulids } from '@millrace/kernel';

/** What an instance saved; entries of several instances can be put together. */
export interface SavedSnapshot {
  readonly snapshotId: number;
  readonly entries: readonly SnapshotEntry[];
}

/** How an instance is started; whatever is left out is that of a first execution with one instance, exactly once. */
export interface DriveOptions {
  /** Default: `TEST_JOB`. */
  readonly job?: Partial<JobIdentity> | undefined;
  readonly generation?: number | undefined;
  /** Index among `parallelism` instances. */
  readonly instance?: number | undefined;
  readonly parallelism?: number | undefined;
  readonly guarantee?: ProcessorContext['guarantee'] | undefined;
  readonly restored?: SavedSnapshot | undefined;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The job of tests that need no other: one job, restarted. */
export const TEST_JOB: JobIdentity = { jobId: '01JD0000000000000000000000', jobName: 'test', stage: 'stage' };

/** A source is asked again after this time without `wake()`: a test may wait for what nothing announces. */
const LOOK_AGAIN_MS = 20;

/**
 * Calls one processor as a tasklet does: a callback that returned `false` is called again with the same arguments after `wake()`.
 * Steps resolve when the processor has said `true` and reject with what it failed with.
 */
export class DrivenProcessor implements AsyncDisposable {
  /** Sums of counters. */
  readonly counters = new Map<string, number>();
  /** The newest and the highest value of each gauge. */
  readonly durations: { readonly name: string; readonly durationMs: number }[] = [];
  readonly gauges = new Map<string, { readonly now: number; readonly max: number }>();
  /** How often it asked to be called. */
  wakes = 0;
  /** Resolves with the first error that `context.fail` got. */
  readonly failure: Promise<unknown>;
  protected readonly processor: Processor;
  readonly #options: DriveOptions;
  readonly #outbox: Outbox;
  readonly #abort = new AbortController();
  readonly #resolveFailure: (error: unknown) => void;
  readonly #underWay = new Set<Promise<unknown>>();
  #failed: { readonly error: unknown } | undefined;
  #isAwake = false;
  #notify = (): void => {};
  #closing: Promise<void> | undefined;

  protected constructor(supplier: ProcessorSupplier, outbox: Outbox, options: DriveOptions) {
    const { instance = 0, parallelism = 1 } = options;
    this.processor = supplier({ globalIndex: instance, totalParallelism: parallelism });
    this.#options = options;
    this.#outbox = outbox;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.failure = promise;
    this.#resolveFailure = resolve;
  }

  /** Opens and restores it. It is closed when that fails. */
  protected async open(): Promise<void> {
    try {
      await this.processor.init?.(this.#context());
      for (const entry of this.#options.restored?.entries ?? []) this.processor.restoreSnapshot?.(entry);
      await this.processor.restoreFinished?.();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** The newest value of a gauge or the sum of a counter; 0 when it was never reported. */
  metric(name: string): number {
    return this.gauges.get(name)?.now ?? this.counters.get(name) ?? 0;
  }

  /** Names of all metrics reported so far. */
  get metricNames(): readonly string[] {
    return [...this.counters.keys(), ...this.gauges.keys()].sort();
  }

  /** Phase two; safe where the processor has none. */
  async commit(snapshotId: number): Promise<void> {
    await this.#tracked(async () => this.processor.snapshotCommit?.(snapshotId));
  }

  /** As the engine does: stop is signalled, what is under way settles, then `close`. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#abort.abort(new Error('the execution is being stopped'));
      this.#failed ??= { error: new Error('the execution is being stopped') };
      this.wake();
      await Promise.allSettled(this.#underWay);
      await this.processor.close?.();
    })();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected async saveEntries(snapshotId: number): Promise<SnapshotEntry[]> {
    const entries: SnapshotEntry[] = [];
    let refusals = 1;
    const writer = {
      // The first offer is refused: the same entry has to come again. What was taken is another process's from then on.
      offer: (entry: SnapshotEntry) => refusals-- <= 0 && entries.push(structuredClone(entry)) > 0,
    };
    const isSaved = (): boolean => this.processor.saveSnapshot?.(snapshotId, writer) ?? true;
    while (!isSaved()) {
      this.throwIfFailed();
      await new Promise(setImmediate);
    }
    return entries;
  }

  /** Calls `step` until it says `true`. */
  protected untilTrue(step: () => boolean): Promise<void> {
    return this.#tracked(async () => {
      for (;;) {
        this.throwIfFailed();
        this.#isAwake = false;
        if (step()) return;
        await this.#woken();
      }
    });
  }

  protected throwIfFailed(): void {
    if (this.#failed !== undefined) throw this.#failed.error;
  }

  /** Calls `complete` of a source once, then waits for `wake()`, or a moment. Resolves with whether it has ended. */
  protected async turn(): Promise<boolean> {
    this.throwIfFailed();
    this.#isAwake = false;
    if (this.processor.complete!()) return true;
    await Promise.race([this.#woken(), systemClock.sleep(LOOK_AGAIN_MS)]);
    return false;
  }

  /** The event loop turns at least once, or no socket is ever read. */
  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#notify = resolve;
      if (this.#isAwake) setImmediate(resolve);
    });
  }

  #tracked<T>(work: () => Promise<T>): Promise<T> {
    const promise = work();
    this.#underWay.add(promise);
    const over = (): void => void this.#underWay.delete(promise);
    promise.then(over, over);
    return promise;
  }

  protected wake(): void {
    this.wakes += 1;
    this.#isAwake = true;
    this.#notify();
  }

  #context(): ProcessorContext {
    const { job, generation = 1, instance = 0, parallelism = 1, guarantee = 'exactly-once' } = this.#options;
    const { stage, ...identity } = { ...TEST_JOB, ...job };
    const { signal } = this.#options;
    return {
      ...identity,
      vertex: stage,
      generation,
      globalIndex: instance,
      totalParallelism: parallelism,
      guarantee,
      restoredSnapshotId: this.#options.restored?.snapshotId,
      outbox: this.#outbox,
      clock: this.#options.clock ?? systemClock,
      ids: ulids,
      metrics: {
        add: (name, delta) => void this.counters.set(name, (this.counters.get(name) ?? 0) + delta),
        set: (name, now) => void this.gauges.set(name, { now, max: Math.max(now, this.gauges.get(name)?.max ?? now) }),
        observe: (name, durationMs) => void this.durations.push({ name, durationMs }),
      },
      signal: signal === undefined ? this.#abort.signal : AbortSignal.any([signal, this.#abort.signal]),
      wake: () => this.wake(),
      fail: (error) => {
        this.#failed ??= { error };
        this.#resolveFailure(error);
        this.wake();
      },
    };
  }
}
