import { MessageChannel, type Transferable, Worker } from 'node:worker_threads';

/** One end of a channel between threads, as much of a `MessagePort` as the engine uses. Messages arrive in the order they were posted. */
export interface Port {
  // biome-ignore lint/suspicious/noExplicitAny: as Node declares it; both ends agree on what they send
  on(event: 'message', listener: (message: any) => void): unknown;
  on(event: 'messageerror', listener: (error: Error) => void): unknown;
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  close(): void;
}

/** A worker thread as seen by the thread that started it. */
export interface StartedThread {
  // biome-ignore lint/suspicious/noExplicitAny: as Node declares it
  on(event: 'message', listener: (message: any) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  /** Ends it, whatever it is doing. */
  terminate(): Promise<unknown>;
}

/** Where threads and the channels between them come from: worker threads, or a simulation. */
export interface ThreadPlatform {
  /** Starts a thread that runs `hostThread`. */
  startThread(): StartedThread;
  /** A port is used on the thread it is transferred to. */
  openChannel(): { readonly port1: Port; readonly port2: Port };
}

/** Worker threads of this process that run the module `entry`. */
export function workerThreads(entry: URL): ThreadPlatform {
  const isSource = entry.pathname.endsWith('.ts');
  return {
    startThread: () => new Worker(entry, isSource ? { execArgv: ['--conditions=source'] } : {}),
    openChannel: () => new MessageChannel(),
  };
}
