import type { ProcessorMetrics } from '@millrace/engine';
import { parseDurationMs } from '@millrace/kernel';
import type { S3Stage } from '../config.ts';
import type { Owner } from '../naming/keys.ts';
import { Compactor, type CompactorOptions } from './compactor.ts';

/** Compacts from time to time, beside the rows. It never fails the sink: what did not work is counted, and tried again. */
export class CompactionTask {
  readonly #options: CompactorOptions & { readonly metrics: ProcessorMetrics };
  readonly #compactor: Compactor;
  #dueAtMs: number;
  #isRunning = false;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: CompactorOptions & { readonly metrics: ProcessorMetrics }) {
    this.#options = options;
    this.#compactor = new Compactor(options);
    this.#dueAtMs = options.clock.monotonicMs() + this.#everyMs;
  }

  runIfDue(): void {
    const { clock, metrics } = this.#options;
    if (this.#isRunning || clock.monotonicMs() < this.#dueAtMs) return;
    this.#isRunning = true;
    this.#running = this.#compactor
      .run()
      .then(
        (fewer) => metrics.add('objectsCompacted', fewer),
        () => metrics.add('compactionsFailed', this.#isClosed ? 0 : 1),
      )
      .finally(() => {
        this.#isRunning = false;
        this.#dueAtMs = clock.monotonicMs() + this.#everyMs;
      });
  }

  /** Resolves when it does nothing; its requests are aborted by whoever closes it. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#running;
  }

  get #everyMs(): number {
    return parseDurationMs(this.#options.stage.compaction.every)!;
  }
}

/** The first writer compacts for all. */
export function compactionTask(
  stage: S3Stage,
  { writer }: Owner,
  options: Omit<CompactorOptions, 'stage'> & { readonly metrics: ProcessorMetrics },
): CompactionTask | undefined {
  const { compaction } = stage;
  return writer > 0 || compaction === undefined
    ? undefined
    : new CompactionTask({ ...options, stage: { ...stage, compaction } });
}
