import { type Clock, type ErrorRecord, fromErrorRecord, MillraceError, toErrorRecord } from '@millrace/kernel';
import type { InstanceMetrics } from '../contract/execution.ts';
import type { Processor, ProcessorContext } from '../contract/processor.ts';
import type { SnapshotEntry } from '../contract/snapshot.ts';
import { CloseFailed, processorErrorRecord } from '../errors.ts';
import type { Tasklet } from '../tasklet/tasklet.ts';
import { settledWithin } from './settled-within.ts';

/** How long `close`, and before it any other callback still under way, may take after the signal was aborted. */
export const CLOSE_DURATION_MS_MAX = 5_000;

/** One processor instance with the part of its life that is made of promises: opening, committing, closing. */
export class Instance {
  readonly tasklet: Tasklet;
  readonly readMetrics: () => InstanceMetrics;
  readonly #processor: Processor;
  readonly #context: ProcessorContext;
  readonly #entries: readonly SnapshotEntry[];
  /** Asynchronous callbacks still under way; `close` comes after them. */
  readonly #underWay = new Set<Promise<void>>();

  constructor(
    tasklet: Tasklet,
    context: ProcessorContext,
    entries: readonly SnapshotEntry[],
    readMetrics: () => InstanceMetrics,
  ) {
    this.tasklet = tasklet;
    this.readMetrics = readMetrics;
    this.#processor = tasklet.processor;
    this.#context = context;
    this.#entries = entries;
  }

  /** @throws MillraceError what `init` threw, with its origin. */
  init(): Promise<void> {
    return this.#call('init', () => this.#processor.init?.(this.#context));
  }

  /** @throws MillraceError what `restoreSnapshot` or `restoreFinished` threw, with its origin. */
  async restore(): Promise<void> {
    await this.#call('restoreSnapshot', () => {
      for (const entry of this.#entries) this.#processor.restoreSnapshot?.(entry);
    });
    await this.#call('restoreFinished', () => this.#processor.restoreFinished?.());
  }

  /** @throws MillraceError what `snapshotCommit` threw, with its origin. */
  commit(snapshotId: number): Promise<void> {
    return this.#call('snapshotCommit', () => this.#processor.snapshotCommit?.(snapshotId));
  }

  /** Closes the processor, waiting a bounded time; what went wrong is the answer, never a rejection. */
  async close(clock: Clock): Promise<ErrorRecord | undefined> {
    await settledWithin(clock, CLOSE_DURATION_MS_MAX, Promise.allSettled(this.#underWay));
    let failure: ErrorRecord | undefined;
    const closing = this.#call('close', () => this.#processor.close?.()).catch((error: unknown) => {
      failure = toErrorRecord(error);
    });
    if (await settledWithin(clock, CLOSE_DURATION_MS_MAX, closing)) return failure;
    const { vertex, globalIndex } = this.tasklet;
    return toErrorRecord(
      new MillraceError(CloseFailed, {
        message: `${vertex}#${globalIndex} did not close within ${CLOSE_DURATION_MS_MAX} ms`,
        mend: 'Make close() and every wait end when the signal is aborted.',
        details: { vertex, globalIndex },
      }),
    );
  }

  #call(callback: string, work: () => void | Promise<void>): Promise<void> {
    const promise = (async () => {
      try {
        await work();
      } catch (error) {
        const { vertex, globalIndex } = this.tasklet;
        throw fromErrorRecord(processorErrorRecord(error, { vertex, globalIndex, callback }));
      }
    })();
    this.#underWay.add(promise);
    promise.catch(() => undefined).finally(() => this.#underWay.delete(promise));
    return promise;
  }
}
