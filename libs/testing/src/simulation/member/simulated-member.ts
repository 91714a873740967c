import { type EndState, ExecutionCoordinator, type JobPlan } from '@millrace/cluster';
import { type Dag, type Engine, type ExecutionRequest, startEngine } from '@millrace/engine';
import type { IdSource } from '@millrace/kernel';
import { randomFor } from '../loop/seeds.ts';
import type { VirtualLoop } from '../loop/virtual-loop.ts';
import { VirtualThread } from '../loop/virtual-thread.ts';
import type { ControlPlane } from '../outside/control-plane.ts';
import { VirtualThreads } from './virtual-threads.ts';

export const JOB_ID = 'job';

export interface MemberParts {
  readonly seed: number;
  readonly number: number;
  readonly threads: number;
  readonly loop: VirtualLoop;
  readonly controlPlane: ControlPlane;
  readonly plan: Omit<JobPlan, 'spec'>;
  readonly loadDag: (thread: VirtualThread, threads: number) => Dag;
  /** How long a message is under way, milliseconds. */
  readonly delayMs: () => number;
  /** Sees what is deployed; the result is. */
  readonly onDeploy: (request: ExecutionRequest) => ExecutionRequest;
  readonly onEnd: (end: EndState) => void;
  readonly onBroken: (error: unknown) => void;
  /** Hears what the coordinator logs. */
  readonly onLog: (line: string) => void;
}

/** One process of the cluster: the real coordinator and the real engine, on simulated threads. */
export class SimulatedMember {
  readonly main: VirtualThread;
  readonly threads: VirtualThread[] = [];
  /** Of the execution it deployed last. */
  generation = 0;
  isRunning = true;
  readonly #parts: MemberParts;
  readonly #platform: VirtualThreads;
  #coordinator: ExecutionCoordinator | undefined;

  constructor(parts: MemberParts) {
    const { seed, number, loop, loadDag, threads, delayMs } = parts;
    this.#parts = parts;
    const newThread = (name: string): VirtualThread => new VirtualThread(name, loop, randomFor(seed, `clock ${name}`));
    this.main = newThread(`member ${number}`);
    this.#platform = new VirtualThreads({
      loop,
      main: this.main,
      random: randomFor(seed, `threads ${number}`),
      ids: countingIds(number),
      delayMs,
      loadDag: (thread) => loadDag(thread, threads),
      newThread: () => {
        const thread = newThread(`member ${number} thread ${this.threads.length}`);
        this.threads.push(thread);
        return thread;
      },
    });
    loop.at(loop.nowMs, this.main, 'begin', () => {
      this.#run().then(
        (end) => {
          this.isRunning = false;
          parts.onEnd(end);
        },
        (error: unknown) => {
          this.isRunning = false;
          parts.onBroken(error);
        },
      );
    });
  }

  /** The process is killed: nothing of it happens any more. */
  kill(): void {
    this.isRunning = false;
    for (const thread of [this.main, ...this.threads]) thread.isAlive = false;
  }

  /** It is asked to stop in good order. */
  shutDown(): void {
    this.#parts.loop.at(this.#parts.loop.nowMs, this.main, 'shut down', () => this.#coordinator?.release());
  }

  /** It is told that something of the job has changed. */
  poke(): void {
    this.#parts.loop.at(this.#parts.loop.nowMs, this.main, 'poke', () => this.#coordinator?.poke());
  }

  /** One of its engine threads dies. */
  loseThread(index: number): void {
    const alive = this.threads.filter((thread) => thread.isAlive);
    if (this.main.isAlive && alive.length > 0) this.#platform.lose(alive[index % alive.length]!);
  }

  async #run(): Promise<EndState> {
    const { seed, number, threads, controlPlane, plan, onBroken, onLog } = this.#parts;
    const { clock } = this.main;
    const engine = await startEngine({ threads, clock, platform: this.#platform, onProblem: onBroken });
    this.#coordinator = new ExecutionCoordinator(JOB_ID, {
      engine: this.#watched(engine),
      jobs: controlPlane.directoryFor(this.main, { ...plan, spec: undefined }),
      store: controlPlane.storeFor(this.main),
      witness: controlPlane.witnessFor(this.main),
      clock,
      random: randomFor(seed, `back-off ${number}`),
      dagModule: 'simulated:',
      member: this.main.name,
      tellFigures: async () => undefined,
      log: {
        info: (_, message) => onLog(message),
        warn: (_, message) => onLog(message),
        error: (_, message) => onLog(message),
      },
    });
    return this.#coordinator.run();
  }

  #watched(engine: Engine): Engine {
    return {
      threadCount: engine.threadCount,
      deploy: (request) => {
        this.generation = request.generation;
        return engine.deploy(this.#parts.onDeploy(request));
      },
      [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    };
  }
}

function countingIds(member: number): IdSource {
  let last = 0;
  return { next: () => `${member}-${++last}` };
}
