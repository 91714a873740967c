import { type Dag, hostThread, type StartedThread, type ThreadPlatform } from '@millrace/engine';
import type { IdSource, Random } from '@millrace/kernel';
import type { VirtualLoop } from '../loop/virtual-loop.ts';
import type { VirtualThread } from '../loop/virtual-thread.ts';
import { VirtualPort } from './virtual-port.ts';

/** How long a thread takes to start, and until its end is known. */
const START_MS_MAX = 5;
const EXIT_MS_MAX = 2;
/** What is between two turns of a scheduler, at most. */
const TURN_MS_MAX = 0.05;

export interface VirtualThreadsParts {
  readonly loop: VirtualLoop;
  /** The thread that the engine is started on. */
  readonly main: VirtualThread;
  readonly random: Random;
  readonly newThread: () => VirtualThread;
  readonly ids: IdSource;
  readonly loadDag: (thread: VirtualThread, spec: unknown) => Dag;
  /** How long a message is under way, milliseconds. */
  readonly delayMs: () => number;
}

/** Threads and channels that live in a `VirtualLoop`. */
export class VirtualThreads implements ThreadPlatform {
  readonly #parts: VirtualThreadsParts;
  readonly #exits = new Map<VirtualThread, (code: number) => void>();

  constructor(parts: VirtualThreadsParts) {
    this.#parts = parts;
  }

  openChannel(): { readonly port1: VirtualPort; readonly port2: VirtualPort } {
    const { main, loop, delayMs } = this.#parts;
    const [port1, port2] = VirtualPort.pair(main, loop, delayMs);
    return { port1, port2 };
  }

  startThread(): StartedThread {
    const { loop, main, random, newThread, ids, loadDag } = this.#parts;
    const thread = newThread();
    const { port1: outer, port2: inner } = this.openChannel();
    inner.thread = thread;
    loop.at(main.nowMs + random.next() * START_MS_MAX, thread, 'start', () =>
      hostThread(inner, {
        clock: thread.clock,
        ids,
        defer: (turn) => loop.at(thread.nowMs + random.next() * TURN_MS_MAX, thread, 'turn', turn),
        loadDag: async (_module, spec) => loadDag(thread, spec),
      }),
    );
    return {
      on: (event: string, listener: (value: never) => void) => {
        if (event === 'message') outer.on('message', listener);
        if (event === 'exit') this.#exits.set(thread, listener as (code: number) => void);
      },
      postMessage: (message, transfer) => outer.postMessage(message, transfer),
      terminate: async () => {
        thread.isAlive = false;
      },
    };
  }

  /** The thread dies; whoever started it hears of it a little later. */
  lose(thread: VirtualThread): void {
    const { loop, main, random } = this.#parts;
    thread.isAlive = false;
    loop.at(loop.nowMs + random.next() * EXIT_MS_MAX, main, 'exit', () => this.#exits.get(thread)?.(1));
  }
}
