import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError, systemClock } from '@millrace/kernel';
import { type GuardedOptions, GuardedProcess, ServerDidNotStart } from './guarded-process.ts';

const POLL_MS = 30;
const LOG_LINES_SHOWN = 10;

export interface LaunchOptions extends Pick<GuardedOptions, 'program' | 'args' | 'uid'> {
  /** For messages. */
  readonly name: string;
  readonly answers: () => boolean | Promise<boolean>;
  readonly waitMs: number;
}

/** A private server of tests in a directory of its own, that can be killed and started again on its data. */
export abstract class LocalServer implements AsyncDisposable {
  readonly directory: string;
  #process: GuardedProcess | undefined;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Starts the server on its data and waits until it answers. @throws MillraceError `testing.server_did_not_start` */
  abstract up(): Promise<void>;

  /** The first start, after what has to be there for it. A server that does not come up leaves nothing behind. */
  protected async begin(prepare: () => Promise<unknown> = async () => {}): Promise<this> {
    try {
      await prepare();
      await this.up();
      return this;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Process id of the server. */
  get pid(): number {
    if (this.#process === undefined) throw new Error('the server is down');
    return this.#process.pid;
  }

  protected get logFile(): string {
    return join(this.directory, 'server.log');
  }

  protected async launch({ name, program, args, uid, answers, waitMs }: LaunchOptions): Promise<void> {
    const { directory, logFile } = this;
    this.#process = await GuardedProcess.start({
      program,
      args,
      uid,
      stopSignal: 'TERM',
      logFile,
      leftover: directory,
    });
    const deadline = systemClock.monotonicMs() + waitMs;
    while (!(await answers())) {
      if (this.#process.hasExited || systemClock.monotonicMs() > deadline) {
        const log = readFileSync(logFile, 'utf8').trim().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
        throw new MillraceError(ServerDidNotStart, { message: `${name} did not start: ${log}` });
      }
      await systemClock.sleep(POLL_MS);
    }
  }

  /** Ends the server; data stays for `up`. */
  async down(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#process?.signal(signal);
    await this.#process?.gone();
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.down(signal);
    await this.up();
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
