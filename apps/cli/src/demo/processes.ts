import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { errorCode, MillraceError, systemClock } from '@millrace/kernel';
import { GuardedProcess } from '@millrace/testing';

export const ProcessDidNotStart = errorCode('cli.process_did_not_start', {
  domain: 'internal',
  retry: 'after-repair',
  title: 'A process of Millrace did not start',
});

const READY_WAIT_MS_MAX = 60_000;
const POLL_MS = 50;
const LOG_LINES_SHOWN = 10;

const mainOf = (app: 'api' | 'worker'): string =>
  fileURLToPath(new URL(`../../../${app}/dist/main.js`, import.meta.url));

/** One of our processes, ended with this one. A worker that is killed can be started again. */
export class AppProcess {
  readonly #app: 'api' | 'worker';
  readonly #env: NodeJS.ProcessEnv;
  readonly #logFile: string;
  #process: GuardedProcess | undefined;

  constructor(app: 'api' | 'worker', env: NodeJS.ProcessEnv, logFile: string) {
    this.#app = app;
    this.#env = env;
    this.#logFile = logFile;
  }

  async start(): Promise<void> {
    this.#process = await GuardedProcess.start({
      program: process.execPath,
      args: [mainOf(this.#app)],
      stopSignal: 'TERM',
      logFile: this.#logFile,
      env: { ...process.env, ...this.#env },
    });
  }

  get hasExited(): boolean {
    return this.#process?.hasExited ?? true;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves when `isReady` says so. @throws MillraceError `cli.process_did_not_start` with the end of its log */
  async ready(isReady: () => Promise<boolean>): Promise<void> {
    const deadline = systemClock.monotonicMs() + READY_WAIT_MS_MAX;
    while (!(await isReady())) {
      if (this.hasExited || systemClock.monotonicMs() > deadline) {
        const log = readFileSync(this.#logFile, 'utf8').trim().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
        throw new MillraceError(ProcessDidNotStart, {
          message: `${this.#app} did not start:\n${log}`,
          mend: `Its whole log: ${this.#logFile}`,
        });
      }
      await systemClock.sleep(POLL_MS);
    }
  }

  /** `kill -9`, and resolves when it is gone. */
  async kill(): Promise<void> {
    this.#process?.signal('SIGKILL');
    await this.#process?.gone();
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }
}
