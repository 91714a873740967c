import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** A source for a process that kills itself. */
export interface KilledSource {
  readonly module: { readonly url: string; readonly name: string };
  readonly config: unknown;
  readonly stage: unknown;
  /** File of the commit record. */
  readonly record: string;
  /** At which moment before or after a step of a snapshot with rows; 0: never. */
  readonly killAt: number;
}

export interface SourceRecord {
  readonly snapshotId: number;
  readonly generation: number;
  readonly entries: readonly { readonly partition: number; readonly key: string; readonly value: string }[];
  /** What readers see: operation and id of each row. */
  readonly events: readonly string[];
}

export function sourceRecord(path: string): SourceRecord {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SourceRecord;
  } catch {
    return { snapshotId: 0, generation: 0, entries: [], events: [] };
  }
}

/** Runs a source in a process of its own, which goes on from the commit record. */
export class SourceProcess implements Disposable {
  readonly #running: ChildProcess;
  readonly #exited: Promise<unknown[]>;

  constructor(killed: KilledSource) {
    const isSource = import.meta.url.endsWith('.ts');
    const child = new URL(isSource ? './source-kill-child.ts' : './source-kill-child.js', import.meta.url);
    const args = [...(isSource ? ['--conditions=source'] : []), '--disable-warning=ExperimentalWarning'];
    const all = [...args, child.pathname, JSON.stringify(killed)];
    this.#running = spawn(process.execPath, all, { stdio: ['ignore', 'ignore', 'inherit'] });
    this.#exited = once(this.#running, 'exit');
  }

  get isOver(): boolean {
    return this.#running.exitCode !== null || this.#running.signalCode !== null;
  }

  /** Resolves with the signal that ended it, or the code that it ended with. */
  async end(): Promise<string | number> {
    const [code, signal] = (await this.#exited) as [number | null, string | null];
    return signal ?? code!;
  }

  [Symbol.dispose](): void {
    this.#running.kill('SIGKILL');
  }
}
