import { availableParallelism } from 'node:os';
import { assert, type Clock, MillraceError, systemClock } from '@millrace/kernel';
import type { Engine, Execution, ExecutionRequest } from './contract/execution.ts';
import { ExecutionStopped } from './errors.ts';
import { deploy, type ThreadPool } from './execution/deploy.ts';
import { EngineThread } from './execution/engine-thread.ts';
import { RunningExecution } from './execution/running-execution.ts';
import { type ThreadPlatform, workerThreads } from './thread/thread-platform.ts';

export interface EngineOptions {
  /** Worker threads shared by all executions; one per core by default. */
  readonly threads?: number | undefined;
  /** Clock of the main thread's time limits; the worker threads get theirs from `entry`. */
  readonly clock?: Clock | undefined;
  /** Module the worker threads run instead of the engine's own, for tests. */
  readonly entry?: URL | undefined;
  /** Makes threads and channels in place of worker threads: a simulation. */
  readonly platform?: ThreadPlatform | undefined;
  /** Bytes of state that one instance of a vertex may hold before its job fails with a clear error. Default: no limit. */
  readonly stateBytesMax?: number | undefined;
  /** Hears of trouble that fails nothing, such as a processor that did not close or held up its thread. Default: `process.emitWarning`. */
  readonly onProblem?: ((problem: MillraceError) => void) | undefined;
}

const THREADS_MAX = 256;

const OWN_ENTRY = new URL(`./thread-entry${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

const warn = ({ message, mend, code }: MillraceError): void =>
  process.emitWarning(mend === undefined ? message : `${message}. ${mend}`, {
    type: 'MillraceWarning',
    code: code.code,
  });

/** Starts the worker threads. Disposing of the engine stops every execution and ends the threads. */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const { threads = availableParallelism(), clock = systemClock, entry = OWN_ENTRY } = options;
  assert(
    Number.isInteger(threads) && threads >= 1 && threads <= THREADS_MAX,
    `threads is ${threads}, not 1 to ${THREADS_MAX}`,
  );
  const onProblem = options.onProblem ?? warn;
  return new ThreadedEngine(threads, options.platform ?? workerThreads(entry), {
    clock,
    onProblem,
    stateBytesMax: options.stateBytesMax,
  });
}

interface EngineHooks {
  readonly clock: Clock;
  readonly onProblem: (problem: MillraceError) => void;
  readonly stateBytesMax: number | undefined;
}

class ThreadedEngine implements Engine, ThreadPool {
  readonly shared: EngineThread[];
  readonly platform: ThreadPlatform;
  readonly #hooks: EngineHooks;
  readonly #executions = new Set<RunningExecution>();
  #executionCount = 0;
  #isDisposed = false;

  constructor(threads: number, platform: ThreadPlatform, hooks: EngineHooks) {
    this.platform = platform;
    this.#hooks = hooks;
    this.shared = Array.from({ length: threads }, () => new EngineThread(platform.startThread()));
  }

  get threadCount(): number {
    return this.shared.length;
  }

  async deploy(request: ExecutionRequest): Promise<Execution> {
    if (this.#isDisposed) throw new MillraceError(ExecutionStopped, { message: 'the engine has been stopped' });
    this.#replaceLostThreads();
    this.#executionCount += 1;
    const execution = new RunningExecution(`${request.jobId}/${request.generation}/${this.#executionCount}`, {
      ...this.#hooks,
      job: request,
      onClosed: () => this.#executions.delete(execution),
    });
    this.#executions.add(execution);
    await deploy(execution, { stateBytesMax: this.#hooks.stateBytesMax, ...request }, this);
    return execution;
  }

  spawnOwn(): EngineThread {
    return new EngineThread(this.platform.startThread());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await Promise.all([...this.#executions].map((execution) => execution.stop()));
    await Promise.all(this.shared.map((thread) => thread.terminate()));
  }

  /** Here, and not when a thread dies, so that a thread that cannot start is not started again and again. */
  #replaceLostThreads(): void {
    for (const [index, thread] of this.shared.entries()) {
      if (thread.isLost) this.shared[index] = this.spawnOwn();
    }
  }
}
