import type { Batch, Processor, ProcessorContext, ProcessorSupplier, SnapshotEntry, Watermark } from '@millrace/engine';
import { systemClock, ulids } from '@millrace/kernel';
import { ContractBroken, HostileOutbox } from './hostile-outbox.ts';
import { HostileWriter } from './hostile-writer.ts';

/** How a run treats the processor. */
export interface Mode {
  readonly name: string;
  /** Rows that follow each other are one batch. */
  readonly isBulk: boolean;
  readonly refuses: boolean;
  /** Saved and continued by a new instance after every step, with or without phase two in between. */
  readonly restarts: 'never' | 'before commit' | 'after commit';
}

export interface InputItem {
  readonly ordinal: number;
  readonly item: Batch | Watermark;
}

export interface RunOptions {
  readonly edgeCount: number;
  readonly context: Partial<ProcessorContext>;
  readonly wakeDurationMsMax: number;
}

/** Calls without anything taken or emitted after which a processor counts as stuck. */
const CALLS_WITHOUT_PROGRESS_MAX = 10_000;

/** Drives one processor, through any number of instances, from its first input to its end. */
export class HostileRun {
  readonly outbox: HostileOutbox;
  readonly #supplier: ProcessorSupplier;
  readonly #mode: Mode;
  readonly #context: Partial<ProcessorContext>;
  readonly #wakeDurationMsMax: number;
  #processor!: Processor;
  #abort = new AbortController();
  #snapshotId = 0;
  #isWoken = false;
  #onWake: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(supplier: ProcessorSupplier, mode: Mode, options: RunOptions) {
    this.#supplier = supplier;
    this.#mode = mode;
    this.#context = options.context;
    this.#wakeDurationMsMax = options.wakeDurationMsMax;
    this.outbox = new HostileOutbox(options.edgeCount, mode.refuses);
  }

  /** @throws ContractBroken and whatever the processor throws; it is closed in any case. */
  async drive(inputs: readonly InputItem[]): Promise<void> {
    try {
      await this.#open([]);
      for (const { ordinal, item } of inputs) {
        await this.#tellWoken();
        await this.#until(item.kind === 'watermark' ? 'processWatermark' : 'process', () => this.#take(ordinal, item));
        if (this.#mode.restarts !== 'never') await this.#restart();
      }
      await this.#complete(inputs.length === 0);
      if (this.#mode.restarts !== 'never') {
        await this.#save();
        await this.#processor.snapshotCommit?.(this.#snapshotId);
      }
      this.#checkFailure();
    } finally {
      await this.#close();
    }
  }

  /** As the engine does it before it gives the next item. */
  async #tellWoken(): Promise<void> {
    if (!this.#isWoken || this.#processor.woken === undefined) return;
    await this.#until('woken', () => this.#processor.woken!());
  }

  #take(ordinal: number, item: Batch | Watermark): boolean {
    const processor = this.#processor;
    if (item.kind === 'watermark') return processor.processWatermark?.(item) ?? this.outbox.offer(item);
    if (processor.process === undefined) throw new ContractBroken('the processor has input but no process()');
    return processor.process(ordinal, item);
  }

  /** Until `complete` says so; between two of its calls a barrier may come, but not again before something was emitted. */
  async #complete(isSource: boolean): Promise<void> {
    let calls = 0;
    let accepted = this.outbox.acceptedCount;
    let acceptedAtRestart = -1;
    while (!(await this.#call('complete', () => this.#processor.complete?.() ?? true))) {
      calls = this.outbox.acceptedCount === accepted ? calls + 1 : 0;
      accepted = this.outbox.acceptedCount;
      if (calls > CALLS_WITHOUT_PROGRESS_MAX) throw new ContractBroken(`complete() was called ${calls} times in vain`);
      if (!this.outbox.hasRefused) await this.#woken('complete');
      if (this.#mode.restarts === 'never' || accepted === acceptedAtRestart || (isSource && !this.#isReady())) continue;
      acceptedAtRestart = accepted;
      await this.#restart();
    }
  }

  #isReady(): boolean {
    return this.#processor.snapshotReady?.(this.#snapshotId + 1) ?? true;
  }

  async #restart(): Promise<void> {
    const entries = await this.#save();
    if (this.#mode.restarts === 'after commit') await this.#processor.snapshotCommit?.(this.#snapshotId);
    await this.#close();
    this.outbox.forget();
    // No order is promised for entries.
    await this.#open([...entries].reverse());
  }

  async #save(): Promise<readonly SnapshotEntry[]> {
    this.#snapshotId += 1;
    const writer = new HostileWriter(this.#mode.refuses);
    await this.#until('snapshotPrepare', () => this.#processor.snapshotPrepare?.(this.#snapshotId) ?? true);
    await this.#until(
      'saveSnapshot',
      () => this.#processor.saveSnapshot?.(this.#snapshotId, writer) ?? true,
      () => writer.hasRefused,
    );
    if (writer.hasRefused) throw new ContractBroken('saveSnapshot() returned true although an entry was refused');
    await this.#until(
      'writeSnapshot',
      () => this.#processor.writeSnapshot?.(this.#snapshotId, writer) ?? true,
      () => true,
    );
    return writer.entries;
  }

  /** Calls until it returns `true`, waiting for `wake()` unless something was refused. */
  async #until(callback: string, call: () => boolean, hasRefused = () => this.outbox.hasRefused): Promise<void> {
    for (let calls = 0; !(await this.#call(callback, call)); calls++) {
      if (calls > CALLS_WITHOUT_PROGRESS_MAX)
        throw new ContractBroken(`${callback}() was called ${calls} times in vain`);
      if (!hasRefused() && !this.outbox.hasRefused) await this.#woken(callback);
    }
  }

  async #call(callback: string, call: () => boolean): Promise<boolean> {
    this.#checkFailure();
    this.#isWoken = false;
    this.outbox.open(callback);
    const isDone = call();
    if (typeof isDone !== 'boolean')
      throw new ContractBroken(`${callback}() returned ${String(isDone)}, not a boolean`);
    this.outbox.close(isDone);
    return isDone;
  }

  async #woken(callback: string): Promise<void> {
    if (this.#isWoken || this.#failure !== undefined) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#onWake = resolve;
    const cancel = systemClock.timer(this.#wakeDurationMsMax, () =>
      reject(new ContractBroken(`${callback}() returned false, nothing was refused and wake() did not come`)),
    );
    try {
      await promise;
    } finally {
      cancel();
      this.#onWake = undefined;
    }
  }

  #checkFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #open(entries: readonly SnapshotEntry[]): Promise<void> {
    this.#abort = new AbortController();
    const { globalIndex = 0, totalParallelism = 1 } = this.#context;
    this.#processor = this.#supplier({ globalIndex, totalParallelism });
    await this.#processor.init?.(this.#contextOf(globalIndex, totalParallelism));
    for (const entry of entries) this.#processor.restoreSnapshot?.(entry);
    await this.#processor.restoreFinished?.();
  }

  #contextOf(globalIndex: number, totalParallelism: number): ProcessorContext {
    const wake = () => {
      this.#isWoken = true;
      this.#onWake?.();
    };
    return {
      jobId: 'verified',
      jobName: 'verified',
      generation: 1,
      vertex: 'verified',
      globalIndex,
      totalParallelism,
      guarantee: this.#mode.restarts === 'never' ? 'none' : 'exactly-once',
      restoredSnapshotId: this.#snapshotId === 0 ? undefined : this.#snapshotId,
      clock: systemClock,
      ids: ulids,
      metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
      ...this.#context,
      outbox: this.outbox,
      signal: this.#abort.signal,
      wake,
      fail: (error) => {
        this.#failure ??= { error };
        wake();
      },
    };
  }

  async #close(): Promise<void> {
    this.#abort.abort();
    await this.#processor?.close?.();
  }
}
