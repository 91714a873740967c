import { type Engine, type Execution, type ExecutionRequest, startEngine, type VertexState } from '@millrace/engine';
import { type Clock, systemClock } from '@millrace/kernel';
import type { ModuleSpec } from './pipeline-module.ts';

export interface RunOptions {
  /** An engine to run on; by default one is started and stopped. */
  readonly engine?: Engine | undefined;
  /** Threads of the engine that is started. Default 2. */
  readonly threads?: number | undefined;
  readonly guarantee?: ExecutionRequest['guarantee'] | undefined;
  /** How often a snapshot is taken and committed, kept in memory. Without it only the last one is, at the end. */
  readonly snapshotIntervalMs?: number | undefined;
  /** Continue from what an earlier run left. */
  readonly restore?: RunSnapshot | undefined;
  /** Stops the run; what it has written up to the last snapshot stays. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each snapshot that has been committed. */
  readonly onSnapshot?: ((snapshot: RunSnapshot) => void) | undefined;
  readonly clock?: Clock | undefined;
}

/** The newest snapshot of a run, in memory. */
export interface RunSnapshot {
  readonly snapshotId: number;
  readonly state: readonly VertexState[];
}

export interface RunResult {
  /** `false`: it was stopped. */
  readonly isCompleted: boolean;
  readonly snapshot: RunSnapshot | undefined;
}

const DEFAULT_THREADS = 2;

/** The module that engine threads import to build a pipeline's DAG. */
const DAG_MODULE = new URL(`./pipeline-module${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url).href;

/**
 * Runs a pipeline module in this process: for examples, tests and one-off batches. Jobs that must survive the process are submitted
 * to a cluster instead.
 * @throws MillraceError what planning or running it threw
 */
export async function runPipeline(module: Omit<ModuleSpec, 'threads'>, options: RunOptions = {}): Promise<RunResult> {
  const { engine, threads = DEFAULT_THREADS } = options;
  if (engine !== undefined) return runOn(engine, module, options);
  const own = await startEngine({ threads });
  try {
    return await runOn(own, module, options);
  } finally {
    await own[Symbol.asyncDispose]();
  }
}

async function runOn(engine: Engine, module: Omit<ModuleSpec, 'threads'>, options: RunOptions): Promise<RunResult> {
  const { guarantee = 'exactly-once', restore, snapshotIntervalMs, signal, onSnapshot, clock = systemClock } = options;
  const spec: ModuleSpec = { ...module, threads: engine.threadCount };
  const execution = await engine.deploy({
    jobId: 'local',
    jobName: 'local',
    generation: 1 + (restore?.snapshotId ?? 0),
    guarantee,
    dagModule: DAG_MODULE,
    spec,
    restore,
  });
  const snapshots = new Snapshots(execution, restore);
  const stopped = Promise.withResolvers<'stopped'>();
  signal?.addEventListener('abort', () => stopped.resolve('stopped'), { once: true });
  if (signal?.aborted) stopped.resolve('stopped');
  try {
    execution.start();
    const completed = execution.completion.then(() => 'completed' as const);
    for (;;) {
      const due = snapshotIntervalMs === undefined ? [] : [clock.sleep(snapshotIntervalMs).then(() => 'due' as const)];
      const what = await Promise.race([completed, stopped.promise, ...due]);
      if (what === 'stopped') return { isCompleted: false, snapshot: snapshots.newest };
      // What was written last is committed like everything else.
      await snapshots.take();
      onSnapshot?.(snapshots.newest!);
      if (what === 'completed') return { isCompleted: true, snapshot: snapshots.newest };
    }
  } finally {
    await execution.stop();
  }
}

class Snapshots {
  newest: RunSnapshot | undefined;
  readonly #execution: Execution;

  constructor(execution: Execution, restored: RunSnapshot | undefined) {
    this.#execution = execution;
    this.newest = restored;
  }

  async take(): Promise<void> {
    const snapshotId = (this.newest?.snapshotId ?? 0) + 1;
    const state = await this.#execution.takeSnapshot(snapshotId);
    this.newest = { snapshotId, state };
    await this.#execution.commitSnapshot(snapshotId);
  }
}
