import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A worker in a process of its own, run from source. */
export class WorkerProcess {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;

  constructor(env: NodeJS.ProcessEnv) {
    this.#child = spawn(process.execPath, ['--conditions=source', MAIN], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Resolves with the exit code or the signal that ended it. */
  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | string | null> {
    this.#child.kill(signal);
    return this.exited();
  }

  /** Resolves with the exit code, or the signal that ended it. */
  async exited(): Promise<number | string | null> {
    const [code, signal] = (await this.#exited) as [number | null, string | null];
    return signal ?? code;
  }
}
