import type { Execution, InstanceMetrics } from '@millrace/engine';
import { assert, type Clock, MillraceError, type Random } from '@millrace/kernel';
import type { SnapshotFigures } from '../figures/job-figures.ts';
import { chunkCount, stateHash } from '../snapshot/redis-snapshot-store.ts';
import type { SnapshotRecord, SnapshotStore } from '../snapshot/snapshot-store.ts';
import { encodeState } from '../snapshot/state-codec.ts';
import type { WitnessStore } from '../snapshot/witness.ts';
import type { ExecutionLog } from './execution-log.ts';
import { countOn, countsOf, countsOfInstances, type JobCounts } from './job-counts.ts';
import { witnessOf } from './restore.ts';
import { type UntilDone, untilDone } from './until-done.ts';

export interface AttemptParts {
  readonly store: SnapshotStore;
  readonly witness: WitnessStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ExecutionLog;
}

export interface AttemptOptions {
  readonly jobId: string;
  readonly jobName: string;
  readonly generation: number;
  /** `undefined`: no snapshots (guarantee `none`). */
  readonly snapshotIntervalMs: number | undefined;
  /** The first snapshot is taken before anything is processed, so that the sources' starting points are durable. */
  readonly isFirstStart: boolean;
  readonly nextSnapshotId: number;
  /** Of the snapshot it goes on from. */
  readonly counted: JobCounts;
}

/** Snapshots remembered while Redis is away. */
const NEWS_MAX = 100;

/**
 * A deployed execution and its snapshots: barrier and state, the commit record, the witness, phase two, in this order and
 * one snapshot at a time.
 */
export class Attempt {
  /** The newest snapshot whose phase two is done. */
  snapshot: SnapshotFigures | undefined;
  /** Of the newest snapshot whose phase two is done; of all rows once `takeLastSnapshot` has resolved. */
  counts: JobCounts;
  /** Wall clock. */
  readonly startedAt: number;
  /** Rejects when the execution or a snapshot fails; resolves when all processors have completed. */
  readonly outcome: Promise<void>;
  readonly #execution: Execution;
  readonly #options: AttemptOptions;
  readonly #parts: AttemptParts;
  readonly #failed = Promise.withResolvers<never>();
  /** No further snapshot by the clock. */
  readonly #pause = new AbortController();
  /** No further try to write the snapshot under way. */
  readonly #giveUp = new AbortController();
  #nextSnapshotId: number;
  /** Snapshots that nobody has been told of. */
  #news: SnapshotFigures[] = [];
  #failure: unknown;
  #loop: Promise<void> = Promise.resolve();

  constructor(execution: Execution, options: AttemptOptions, parts: AttemptParts) {
    this.#execution = execution;
    this.#options = options;
    this.#parts = parts;
    this.#nextSnapshotId = options.nextSnapshotId;
    this.counts = options.counted;
    this.startedAt = parts.clock.nowMs();
    this.outcome = Promise.race([execution.completion, this.#failed.promise]);
    this.outcome.catch(() => undefined);
  }

  get generation(): number {
    return this.#options.generation;
  }

  get edges(): Execution['edges'] {
    return this.#execution.edges;
  }

  get execution(): Pick<Execution, 'tap' | 'untap'> {
    return this.#execution;
  }

  /** Snapshots committed since the last call, at most `NEWS_MAX`. */
  takeNews(): readonly SnapshotFigures[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  /** Lets the processors work and takes snapshots from now on. */
  start(): void {
    this.#execution.start();
    this.#loop = this.#takeSnapshots().catch((error: unknown) => {
      this.#failure = error;
      this.#failed.reject(error);
    });
  }

  metrics(): Promise<readonly InstanceMetrics[]> {
    return this.#execution.metrics();
  }

  /**
   * The last snapshot of this attempt, after the one under way.
   * @throws MillraceError the failure of the execution or of a snapshot; `engine.stopped` after `stop`
   */
  async takeLastSnapshot(): Promise<void> {
    this.#pause.abort();
    await this.#loop;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#options.snapshotIntervalMs !== undefined) await this.#takeSnapshot();
    else this.counts = countsOfInstances(await this.#execution.metrics());
  }

  /** Stops everything; a snapshot that is being written is given up. Safe to call twice. */
  async stop(): Promise<void> {
    this.#pause.abort();
    this.#giveUp.abort(new Error('the execution attempt was stopped'));
    await this.#execution.stop();
    await this.#loop;
  }

  async #takeSnapshots(): Promise<void> {
    const { clock } = this.#parts;
    const { snapshotIntervalMs, isFirstStart } = this.#options;
    if (snapshotIntervalMs === undefined) return;
    let pauseMs = isFirstStart ? 0 : snapshotIntervalMs;
    for (;;) {
      if (!(await this.#pauseFor(pauseMs))) return;
      const startedMs = clock.monotonicMs();
      await this.#takeSnapshot();
      pauseMs = Math.max(0, snapshotIntervalMs - (clock.monotonicMs() - startedMs));
    }
  }

  /** `false` when no further snapshot is due. */
  async #pauseFor(durationMs: number): Promise<boolean> {
    const { signal } = this.#pause;
    try {
      if (durationMs > 0) await this.#parts.clock.sleep(durationMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return !signal.aborted;
  }

  async #takeSnapshot(): Promise<void> {
    const { clock, store, witness } = this.#parts;
    const { jobId, generation } = this.#options;
    const snapshotId = this.#nextSnapshotId++;
    const takenAtMs = clock.nowMs();
    const startedMs = clock.monotonicMs();
    const saved = countOn(await this.#execution.takeSnapshot(snapshotId), this.#options.counted);
    const alignedMs = clock.monotonicMs();
    const state = encodeState(saved);
    const record: SnapshotRecord = {
      snapshotId,
      generation,
      takenAtMs,
      chunks: chunkCount(state.length),
      bytes: state.length,
      hash: stateHash(state),
    };
    // The sinks have prepared: from here there is no way back, so the same record is written until it is known to stand, or fenced.
    await this.#untilDone('Redis', () => store.write(jobId, record, state));
    // INV-2: the witness stands before anything of phase two.
    await this.#untilDone('the metadata database', () => witness.write(jobId, witnessOf(record, state)));
    const writtenMs = clock.monotonicMs();
    // INV-1: only here may upstream forget, and sinks show, what the snapshot covers.
    await this.#execution.commitSnapshot(snapshotId);
    assert(snapshotId > (this.snapshot?.id ?? 0), 'snapshot ids grow');
    this.counts = countsOf(saved);
    const endedMs = clock.monotonicMs();
    this.snapshot = {
      id: snapshotId,
      generation,
      takenAt: takenAtMs,
      durationMs: endedMs - startedMs,
      alignMs: alignedMs - startedMs,
      writeMs: writtenMs - alignedMs,
      commitMs: endedMs - writtenMs,
      bytes: state.length,
    };
    this.#news.push(this.snapshot);
    if (this.#news.length > NEWS_MAX) this.#news.shift();
    // What is not removed now is removed next time.
    await store.sweep(jobId).catch(() => undefined);
  }

  #untilDone(where: string, work: () => Promise<void>): Promise<void> {
    const { clock, random, log } = this.#parts;
    const { jobName: job, generation } = this.#options;
    const fields = { job, generation, snapshot: this.#nextSnapshotId - 1 };
    const options: UntilDone = {
      clock,
      random,
      signal: this.#giveUp.signal,
      onTrouble: (error) =>
        log.warn(
          { ...fields, code: error instanceof MillraceError ? error.code.code : undefined },
          `snapshot waits for ${where}: ${(error as Error).message}`,
        ),
      onRecovery: () => log.info(fields, `snapshot is written, ${where} is back`),
    };
    return untilDone(work, options);
  }
}
