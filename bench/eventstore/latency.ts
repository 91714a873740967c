import { type EventStore, eventTypes, projection, runProjections, whenCaughtUp } from '@millrace/eventstore';
import type pg from 'pg';
import { z } from 'zod';

const EVENTS_PER_SECOND = 2_000;
const EVENTS_PER_APPEND = 10;
const SECONDS = 20;
const WARM_UP_SECONDS = 4;
const TICK_MS = 1_000 / (EVENTS_PER_SECOND / EVENTS_PER_APPEND);

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly eventsPerSecond: number;
}

/** Appends at a steady rate; a projection takes the time from when each append's commit was confirmed to its handler. */
export async function measureLatency(store: EventStore, pool: pg.Pool, url: string, scale: number): Promise<Latency> {
  const committedMs = new Map<string, number>();
  const handledMs = new Map<string, number>();
  const timed = projection({
    name: 'latency',
    version: 1,
    types: eventTypes({ Timed: { schema: z.object({ n: z.number() }) } }),
    tables: { latency: (table) => `CREATE TABLE ${table} (n int)` },
    on: {
      Timed: ({ streamId }) => {
        if (!handledMs.has(streamId)) handledMs.set(streamId, performance.now());
      },
    },
  });
  await using _runner = runProjections({ projections: [timed], store, pool, url, group: 'latency' });
  await whenCaughtUp(pool, store, { group: 'latency', timeoutMs: 60_000 });
  const seconds = Math.max(2, SECONDS * scale) + WARM_UP_SECONDS;
  const pending: Promise<unknown>[] = [];
  const start = performance.now();
  const appends = Math.round((seconds * 1_000) / TICK_MS);
  for (let n = 0; n < appends; n++) {
    const waitMs = start + n * TICK_MS - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const streamId = `timed-${n}`;
    const events = Array.from({ length: EVENTS_PER_APPEND }, () => ({ type: 'Timed', data: { n } }));
    pending.push(store.append(pool, streamId, events).then(() => committedMs.set(streamId, performance.now())));
  }
  await Promise.all(pending);
  const took = (performance.now() - start) / 1_000;
  await whenCaughtUp(pool, store, { group: 'latency', timeoutMs: 60_000 });
  const waits = [...committedMs]
    .slice((WARM_UP_SECONDS * 1_000) / TICK_MS)
    .map(([streamId, ms]) => Math.max(0, handledMs.get(streamId)! - ms))
    .sort((a, b) => a - b);
  const at = (share: number): number => Math.round(waits[Math.floor(waits.length * share)]! * 100) / 100;
  return { p50Ms: at(0.5), p99Ms: at(0.99), eventsPerSecond: Math.round((appends * EVENTS_PER_APPEND) / took) };
}
