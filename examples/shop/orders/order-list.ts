import { type ProjectionContext, projection } from '@millrace/eventstore';
import { orderTypes, type Status } from './order.ts';

// #region projection
/** What customers look at. It can be thrown away and made again from the events. */
export const orderList = projection({
  name: 'order-list',
  version: 1,
  types: orderTypes,
  categories: ['order'],
  tables: {
    order_list: (table) => `
      CREATE TABLE ${table} (
        id text PRIMARY KEY, customer text NOT NULL, sku text NOT NULL, quantity int NOT NULL, cents int NOT NULL,
        status text NOT NULL, reason text, invoice int, placed_at timestamptz NOT NULL
      );
      CREATE INDEX ON ${table} (customer, placed_at)`,
  },
  on: {
    OrderPlaced: ({ streamId, data: { customer, sku, quantity, cents }, recordedAt }, { tx, table }) =>
      tx.query(
        `INSERT INTO ${table('order_list')} (id, customer, sku, quantity, cents, status, placed_at)
         VALUES ($1, $2, $3, $4, $5, 'placed', $6)`,
        [idOf(streamId), customer, sku, quantity, cents, recordedAt],
      ),
    StockReserved: ({ streamId }, context) => update(context, streamId, 'reserved'),
    OrderRejected: ({ streamId, data }, context) => update(context, streamId, 'rejected', data),
    OrderPaid: ({ streamId }, context) => update(context, streamId, 'paid'),
    OrderCancelled: ({ streamId }, context) => update(context, streamId, 'cancelled'),
    OrderBilled: ({ streamId, data }, context) => update(context, streamId, 'billed', data),
  },
});

const update = (
  { tx, table }: ProjectionContext,
  streamId: string,
  status: Status,
  { reason, invoice }: { readonly reason?: string; readonly invoice?: number } = {},
) =>
  tx.query(`UPDATE ${table('order_list')} SET status = $2, reason = $3, invoice = $4 WHERE id = $1`, [
    idOf(streamId),
    status,
    reason ?? null,
    invoice ?? null,
  ]);
// #endregion

/** `42` of `order-42`. */
const idOf = (streamId: string): string => streamId.slice('order-'.length);
