import type { Engine, Execution, VertexState } from '@millrace/engine';
import { median } from '../harness/result.ts';
import { type Board, nowMs } from './board.ts';
import type { Snapshots } from './run-report.ts';

import type { Form, Workload } from './workloads.ts';

const SNAPSHOT_INTERVAL_MS = 1_000;
const DAG_MODULE = new URL('./job-dag.ts', import.meta.url).href;

/** What `job-dag.ts` builds from. */
export interface NexmarkSpec {
  readonly workload: Workload;
  readonly form: Form;
  readonly board: Board;
}

interface Kept {
  readonly snapshotId: number;
  readonly state: readonly VertexState[];
}

export interface SnapshotTaken {
  /** From the barrier being ordered until all state has arrived. */
  readonly ms: number;
  /** The same, with the second phase. */
  readonly committedMs: number;
  readonly bytes: number;
}

/**
 * Runs one job on this process' engine, as the coordinator of a cluster would: a snapshot each second (counted from the end of
 * the one before), the newest one kept in memory, committed, and restored from.
 */
export class JobRunner {
  readonly taken: SnapshotTaken[] = [];
  readonly #engine: Engine;
  readonly #spec: NexmarkSpec;
  #execution: Execution | undefined;
  #kept: Kept | undefined;
  #snapshotId = 0;
  #generation = 0;
  #stopSnapshots: (() => Promise<void>) | undefined;

  constructor(engine: Engine, spec: NexmarkSpec) {
    this.#engine = engine;
    this.#spec = spec;
  }

  /** Starts the job, or goes on with it from the newest snapshot. */
  async start(): Promise<void> {
    const { guarantee, name } = this.#spec.workload;
    this.#generation += 1;
    const execution = await this.#engine.deploy({
      jobId: name,
      jobName: name,
      generation: this.#generation,
      guarantee,
      dagModule: DAG_MODULE,
      spec: this.#spec,
      restore: this.#kept,
    });
    this.#execution = execution;
    // Heard of by `completed`; a failure while a job is being suspended is no surprise.
    execution.completion.catch(() => {});
    execution.start();
    if (guarantee === 'exactly-once') this.#stopSnapshots = this.#takeSnapshots();
  }

  /** Resolves at the end of the input, after everything has been closed. */
  async completed(): Promise<void> {
    await this.#execution!.completion;
    await this.#stopSnapshots?.();
    await this.#execution!.stop();
  }

  /** Takes a last snapshot and stops. */
  async suspend(): Promise<void> {
    await this.#stopSnapshots?.();
    await this.#takeSnapshot();
    await this.#execution!.stop();
  }

  #takeSnapshots(): () => Promise<void> {
    const { promise: stopped, resolve: stop } = Promise.withResolvers<'stopped'>();
    const loop = (async () => {
      for (;;) {
        let timer: NodeJS.Timeout | undefined;
        const due = new Promise<'due'>((resolve) => {
          timer = setTimeout(resolve, SNAPSHOT_INTERVAL_MS, 'due');
        });
        const what = await Promise.race([due, stopped]);
        clearTimeout(timer);
        if (what === 'stopped') return;
        await this.#takeSnapshot();
      }
    })();
    return async () => {
      stop('stopped');
      await loop;
    };
  }

  async #takeSnapshot(): Promise<void> {
    const snapshotId = ++this.#snapshotId;
    const startedAt = nowMs();
    const state = await this.#execution!.takeSnapshot(snapshotId);
    const ms = nowMs() - startedAt;
    this.#kept = { snapshotId, state };
    await this.#execution!.commitSnapshot(snapshotId);
    this.taken.push({ ms, committedMs: nowMs() - startedAt, bytes: bytesOf(state) });
  }
}

function bytesOf(state: readonly VertexState[]): number {
  let bytes = 0;
  for (const { entries } of state) {
    for (const { key, value } of entries) bytes += key.length + value.length;
  }
  return bytes;
}

export function snapshotsOf(taken: readonly SnapshotTaken[]): Snapshots | undefined {
  if (taken.length === 0) return undefined;
  const ms = taken.map((snapshot) => snapshot.ms);
  const committedMs = taken.map((snapshot) => snapshot.committedMs);
  return {
    count: ms.length,
    medianMs: median(ms),
    maxMs: Math.max(...ms),
    committedMedianMs: median(committedMs),
    bytes: taken.at(-1)!.bytes,
  };
}
