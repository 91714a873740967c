import type { EventStore } from '@millrace/eventstore';
import type pg from 'pg';
import type { EmmettStore } from './emmett.ts';

/** Streams are appended to by so many at once, each waiting for its own. */
const WRITERS = 10;

/** One kind of append: so many, of so many events each, to streams of their own. */
export interface Work {
  readonly appends: number;
  readonly events: number;
}

export const itemsAdded = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({
    type: 'ItemAdded' as const,
    data: { sku: `sku-${(from + index) % 1_000}`, quantity: 1, note: 'delivered to the door, left with a neighbour' },
  }));

/** Runs `one` for each of the appends, by all writers; resolves with events a second. */
export async function write({ appends, events }: Work, one: (number: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (next < appends) await one(next++);
    }),
  );
  return (appends * events) / ((performance.now() - start) / 1_000);
}

export const writeOurs = (store: EventStore, pool: pg.Pool, work: Work, run: string): Promise<number> =>
  write(work, (number) =>
    store.append(pool, `cart-${run}-${number}`, itemsAdded(work.events, number), { expectedVersion: 'none' }),
  );

export const writeEmmett = (store: EmmettStore, work: Work, run: string): Promise<number> =>
  write(work, (number) => store.appendToStream(`cart-${run}-${number}`, itemsAdded(work.events, number)));

/** The same rows into a table with the same columns and indexes, by the shortest INSERT there is. */
export async function writeBare(pool: pg.Pool, work: Work, run: string): Promise<number> {
  const rows = Array.from({ length: work.events }, (_, index) => {
    const at = index * 5;
    return `($${at + 1}, ${index + 1}, 'cart', $${at + 2}, $${at + 3}, 1, $${at + 4}, $${at + 5})`;
  });
  const sql = `INSERT INTO bare (stream_id, version, category, event_id, type, schema_version, data, metadata) VALUES ${rows.join(', ')}`;
  return await write(work, (number) => {
    const stream = `cart-${run}-${number}`;
    const values = itemsAdded(work.events, number).flatMap(({ type, data }, index) => [
      stream,
      `${stream}-${index}-26characters`,
      type,
      JSON.stringify(data),
      '{}',
    ]);
    return pool.query(sql, values);
  });
}
