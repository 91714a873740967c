import { systemClock } from '@millrace/kernel';
import type { SeededRandom, TestDatabase } from '@millrace/testing';
import pg from 'pg';
import { type Figures, isLoaded } from '../../apps/cli/src/demo/live-line.ts';
import type { Platform } from '../../apps/cli/src/demo/platform.ts';

/** Rows of the table `probe`, each with a version that counts its changes. */
export const ROWS = 20;
const PAUSE_MS = 3;
const CATCH_UP_MS_MAX = 120_000;
const POLL_MS = 250;

/** What one far end lacks, and what is there more than once. */
export interface Wrong {
  readonly missing: number;
  readonly duplicates: number;
}

/** Waits until a job has loaded its table: what changes before that is not an event of its own. */
export async function untilLoaded({ rest }: Platform, name: string): Promise<void> {
  for (;;) {
    const figures = await rest.peek<Figures>(`jobs/${name}/metrics`);
    if (figures?.snapshot !== undefined && isLoaded(figures)) return;
    await systemClock.sleep(POLL_MS);
  }
}

/** Raises the version of one row after the other, one a transaction, until stopped. @returns `id/version` of all that were committed */
export async function changeRows(source: TestDatabase, signal: AbortSignal): Promise<readonly string[]> {
  const events: string[] = [];
  const client = new pg.Client({ connectionString: source.url });
  await client.connect();
  for (let count = 0; !signal.aborted; count++) {
    const id = 1 + (count % ROWS);
    const { rows } = await client.query<{ version: number }>(
      'update probe set version = version + 1 where id = $1 returning version',
      [id],
    );
    events.push(`${id}/${rows[0]!.version}`);
    await systemClock.sleep(PAUSE_MS, signal).catch(() => {});
  }
  await client.end();
  return events;
}

/** What each far end has to have: the rows as they were loaded, and the changes. */
export const withLoad = (changes: readonly string[]): readonly string[] => [
  ...Array.from({ length: ROWS }, (_, index) => `${index + 1}/0`),
  ...changes,
];

/** What is killed, by its name, and how. */
export type Fault = readonly [what: string, strike: () => Promise<void>];

interface Strikes {
  readonly random: SeededRandom;
  readonly seconds: number;
  readonly firstMs: number;
  /** Without faults, before it is over. */
  readonly quietEndMs: number;
  readonly show: (line: string) => void;
}

/** Lets each fault happen at a random time, one after the other; resolves when the seconds are over. */
export async function strike(faults: readonly Fault[], options: Strikes): Promise<void> {
  const { random, seconds, firstMs, quietEndMs, show } = options;
  const due = faults
    .map(([what, fault]) => ({ what, fault, atMs: firstMs + random.next() * (seconds * 1_000 - quietEndMs) }))
    .sort((a, b) => a.atMs - b.atMs);
  const startMs = systemClock.monotonicMs();
  for (const { what, fault, atMs } of due) {
    await systemClock.sleep(Math.max(0, startMs + atMs - systemClock.monotonicMs()));
    await fault();
    show(`${((systemClock.monotonicMs() - startMs) / 1_000).toFixed(1)} s  ${what} killed`);
  }
  await systemClock.sleep(Math.max(0, startMs + seconds * 1_000 - systemClock.monotonicMs()));
}

/** Reads until nothing is missing, or time is up. */
export async function settled(expected: readonly string[], read: () => Promise<readonly string[]>): Promise<Wrong> {
  const deadline = systemClock.monotonicMs() + CATCH_UP_MS_MAX;
  for (;;) {
    const found = await read().catch(() => []);
    const seen = new Set(found);
    const missing = expected.filter((event) => !seen.has(event)).length;
    if (missing === 0 || systemClock.monotonicMs() > deadline) return { missing, duplicates: found.length - seen.size };
    await systemClock.sleep(POLL_MS);
  }
}
