import type { Clock } from '@millrace/kernel';
import type { TestDatabase } from '@millrace/testing';
import type pg from 'pg';

const POLL_MS = 20;

/**
 * How long the target stood still after a kill: until a later generation than the killed one has written there. Kills that were
 * followed by another fault before the recovery was seen are not counted.
 */
export class RecoveryWatch {
  readonly recoveriesMs: number[] = [];
  readonly #target: TestDatabase;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #pending: { readonly atMs: number; readonly generation: number } | undefined;
  /** Newest generation that has written rows, and the row version it left. */
  generation = 0;
  #running: Promise<void> | undefined;

  constructor(target: TestDatabase, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
  }

  start(): void {
    this.#running = this.#run();
  }

  killed(): void {
    this.#pending = { atMs: this.#clock.monotonicMs(), generation: this.generation };
  }

  /** Another fault: the recovery from the last kill can't be told apart any more. */
  forget(): void {
    this.#pending = undefined;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    let client: pg.Client | undefined;
    let claimed: string | undefined;
    while (!this.#stop.signal.aborted) {
      try {
        client ??= await this.#target.connect();
        const { rows } = await client.query(
          'select generation::int as generation, xmin::text as version from millrace_progress',
        );
        const row = rows[0] as { generation: number; version: string } | undefined;
        if (row !== undefined && row.generation > this.generation) {
          // The first version of a generation is its claim; the next one is written together with rows.
          if (claimed !== undefined && claimed !== row.version) this.#wrote(row.generation);
          else claimed = row.version;
          if (this.generation === row.generation) claimed = undefined;
        }
      } catch {
        await client?.end().catch(() => {});
        client = undefined;
      }
      await this.#clock.sleep(POLL_MS, this.#stop.signal).catch(() => {});
    }
    await client?.end().catch(() => {});
  }

  #wrote(generation: number): void {
    this.generation = generation;
    const pending = this.#pending;
    if (pending === undefined || generation <= pending.generation) return;
    this.recoveriesMs.push(this.#clock.monotonicMs() - pending.atMs);
    this.#pending = undefined;
  }
}

/** The value below which `share` (0 to 1) of the values lie; `null` without values. */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!);
}
