import type { Transferable } from 'node:worker_threads';
import { fromErrorRecord, type MillraceError } from '@millrace/kernel';
import type { CommandKind, Commands, ExecutionEvent, Request, ThreadMessage } from '../thread/protocol.ts';
import type { StartedThread } from '../thread/thread-platform.ts';
import { threadLost } from './thread-lost.ts';

/** What an execution wants to know of its threads. */
export interface ThreadListener {
  event(event: ExecutionEvent): void;
  lost(error: MillraceError): void;
}

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread of the engine as the main thread sees it. */
export class EngineThread {
  readonly #worker: StartedThread;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<string, ThreadListener>();
  readonly #load = new Map<string, number>();
  #lastId = 0;
  #lost: MillraceError | undefined;

  constructor(worker: StartedThread) {
    this.#worker = worker;
    worker.on('message', (message: ThreadMessage) => this.#receive(message));
    worker.on('error', (error: unknown) => this.#lose(threadLost(`a worker thread died: ${String(error)}`, error)));
    worker.on('exit', (code: number) => this.#lose(threadLost(`a worker thread ended with exit code ${code}`)));
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Instances placed here, over all executions. */
  get load(): number {
    let sum = 0;
    for (const instances of this.#load.values()) sum += instances;
    return sum;
  }

  attach(execution: string, listener: ThreadListener): void {
    this.#listeners.set(execution, listener);
  }

  setLoad(execution: string, instances: number): void {
    this.#load.set(execution, instances);
  }

  detach(execution: string): void {
    this.#listeners.delete(execution);
    this.#load.delete(execution);
  }

  /** @throws MillraceError what the thread answered, or `engine.thread_lost`. */
  request<Kind extends CommandKind>(
    execution: string,
    kind: Kind,
    args: Commands[Kind]['args'],
    transfer: readonly Transferable[] = [],
  ): Promise<Commands[Kind]['result']> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      try {
        this.#worker.postMessage({ id, execution, kind, args } satisfies Request<Kind>, transfer);
      } catch (error) {
        this.#pending.delete(id);
        reject(error);
      }
    });
  }

  /** Ends the thread because it no longer answers: its executions are lost. */
  async abandon(message: string): Promise<void> {
    this.#lose(threadLost(message));
    await this.#worker.terminate();
  }

  /** Ends the thread in good order. */
  async terminate(): Promise<void> {
    this.#lost ??= threadLost('the worker thread was ended');
    await this.#worker.terminate();
  }

  #receive(message: ThreadMessage): void {
    if (message.kind === 'event') {
      this.#listeners.get(message.execution)?.event(message.event);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === 'answer') pending?.resolve(message.result as never);
    else pending?.reject(fromErrorRecord(message.error));
  }

  #lose(error: MillraceError): void {
    const isNews = this.#lost === undefined;
    this.#lost ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#lost);
    this.#pending.clear();
    if (!isNews) return;
    for (const listener of [...this.#listeners.values()]) listener.lost(error);
  }
}
