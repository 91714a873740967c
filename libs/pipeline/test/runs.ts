import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, startEngine } from '@millrace/engine';
import { type RunSnapshot, runPipeline } from '@millrace/pipeline';
import { rowsIn } from './file-sink.ts';

const STRAIGHT_THREADS = 2;
/** How often an interrupted run is stopped. */
const STOPS = 3;
const STOP_DELAY_MS = 4;
const SNAPSHOT_INTERVAL_MS = 3;
/** Rows of each source between two snapshots: it takes more than `STOPS` of them to come to the end. */
const PER_SNAPSHOT = 30;

/** A place for the files of runs, and engines of several sizes. */
export class Runs implements AsyncDisposable {
  readonly #module: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-pipeline-'));
  /** By number of threads. */
  readonly #engines = new Map<number, Promise<Engine>>();
  #files = 0;

  constructor(module: URL) {
    this.#module = module.href;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const engine of this.#engines.values()) await (await engine)[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }

  #engine(threads: number): Promise<Engine> {
    const known = this.#engines.get(threads) ?? startEngine({ threads });
    this.#engines.set(threads, known);
    return known;
  }

  newFile(): string {
    return join(this.#folder, `${this.#files++}.ndjson`);
  }

  /** Runs it to its end, in one mode, and gives the rows of its file. */
  async straight(exportName: string, mode: 'generated' | 'interpreted', more: object = {}): Promise<unknown[]> {
    const file = this.newFile();
    const module = { module: this.#module, exportName, options: { file, ...more }, mode };
    const { isCompleted } = await runPipeline(module, { engine: await this.#engine(STRAIGHT_THREADS) });
    if (!isCompleted) throw new Error(`${exportName} did not complete`);
    return rowsIn(file);
  }

  /** Runs it in pieces: stopped a little after some snapshot and continued from it, on engines of other sizes. */
  async interrupted(exportName: string, more: object = {}): Promise<unknown[]> {
    const file = this.newFile();
    const module = { module: this.#module, exportName, options: { perSnapshot: PER_SNAPSHOT, file, ...more } };
    let restore: RunSnapshot | undefined;
    for (let attempt = 0; ; attempt++) {
      const stop = new AbortController();
      let taken = 0;
      const { isCompleted, snapshot } = await runPipeline(module, {
        engine: await this.#engine(1 + (attempt % 3)),
        snapshotIntervalMs: SNAPSHOT_INTERVAL_MS,
        restore,
        signal: stop.signal,
        onSnapshot: () => {
          taken += 1;
          // Rows that came after the snapshot have been on their way for a while by then.
          if (attempt < STOPS && taken > attempt % 2) setTimeout(() => stop.abort(), STOP_DELAY_MS);
        },
      });
      restore = snapshot;
      if (!isCompleted) continue;
      if (attempt < STOPS) throw new Error(`${exportName} was stopped only ${attempt} times`);
      return rowsIn(file);
    }
  }
}

/** Rows as texts, in an order of their own: for outputs whose order is nobody's business. */
export const sorted = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
