import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { GuardedProcess } from '@millrace/testing';

const POLL_MS = 50;
const START_MS_MAX = 60_000;
const LOG_LINES_SHOWN = 10;

/** What a health check of Terminus says of what is down. */
interface Health {
  readonly error?: unknown;
}

/** One of the three services, as a process of its own that ends with this one. */
export class ServiceProcess {
  readonly name: string;
  readonly url: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #logFile: string;
  #process: GuardedProcess | undefined;

  constructor(name: string, port: number, env: NodeJS.ProcessEnv, logFile: string) {
    this.name = name;
    this.url = `http://127.0.0.1:${port}`;
    this.#env = { ...env, PORT: String(port) };
    this.#logFile = logFile;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async start(): Promise<void> {
    this.#process = await GuardedProcess.start({
      program: process.execPath,
      args: [fileURLToPath(new URL(`../dist/${this.name}/main.js`, import.meta.url))],
      stopSignal: 'TERM',
      logFile: this.#logFile,
      env: { ...process.env, ...this.#env },
    });
  }

  /** `kill -9`, and at once a new one, as a process manager would. */
  async replace(): Promise<void> {
    this.#process?.signal('SIGKILL');
    await this.#process?.gone();
    await this.start();
  }

  /** In the normal way; resolves with its exit code. */
  async stop(): Promise<number | undefined> {
    await this.#process?.stop();
    return this.#process?.exited;
  }

  /** Its tables are made when it answers. */
  async untilListening(): Promise<void> {
    await this.#until(async () => (await this.#health()) !== undefined);
  }

  async untilHealthy(): Promise<void> {
    await this.#until(async () => (await this.#health())?.ok === true);
  }

  async #until(holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + START_MS_MAX;
    while (!(await holds())) {
      if (this.#process?.hasExited !== false || performance.now() > deadline) {
        const { error = 'it does not answer' } = ((await (await this.#health())?.json()) ?? {}) as Health;
        const log = readFileSync(this.#logFile, 'utf8').trim().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
        throw new Error(`${this.name} is not up: ${JSON.stringify(error)}\n${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #health(): Promise<Response | undefined> {
    return fetch(`${this.url}/health`).catch(() => undefined);
  }
}
