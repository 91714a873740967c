import type { ErrorPolicy, Projection } from '../projections/projection.ts';
import { projection } from '../projections/projection.ts';
import { cartTypes } from './carts.ts';

export interface CountOptions {
  readonly name?: string;
  readonly version?: number;
  readonly onError?: { readonly live?: ErrorPolicy; readonly rebuild?: ErrorPolicy };
  readonly batchEvents?: number;
  /** Called for each event, before it is written. */
  readonly before?: (sku: string) => Promise<void> | void;
}

/** Counts each item: `events` is how many events went into it, so an event that was counted twice or not at all shows. */
export function itemCounts(options: CountOptions = {}): Projection {
  const { name = 'item-counts', version = 1, onError, batchEvents, before } = options;
  const table = name.replaceAll('-', '_');
  return projection({
    name,
    version,
    types: cartTypes,
    onError,
    batchEvents,
    tables: {
      [table]: (sql) => `CREATE TABLE ${sql} (sku text PRIMARY KEY, quantity bigint NOT NULL, events int NOT NULL)`,
    },
    on: {
      ItemAdded: async ({ data }, context) => {
        await before?.(data.sku);
        await context.tx.query(
          `INSERT INTO ${context.table(table)} AS t VALUES ($1, $2, 1)
           ON CONFLICT (sku) DO UPDATE SET quantity = t.quantity + excluded.quantity, events = t.events + 1`,
          [data.sku, data.quantity * version],
        );
      },
    },
  });
}
