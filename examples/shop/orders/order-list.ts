import { projection } from '@millrace/eventstore';
import { orderTypes } from './order.ts';

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
    OrderPlaced: ({ streamId, data, recordedAt }, { tx, table }) =>
      tx.query(`INSERT INTO ${table('order_list')} VALUES ($1, $2, $3, $4, $5, 'placed', NULL, NULL, $6)`, [
        idOf(streamId),
        data.customer,
        data.sku,
        data.quantity,
        data.cents,
        recordedAt,
      ]),
    StockReserved: ({ streamId }, { tx, table }) =>
      tx.query(`UPDATE ${table('order_list')} SET status = 'reserved' WHERE id = $1`, [idOf(streamId)]),
    OrderRejected: ({ streamId, data }, { tx, table }) =>
      tx.query(`UPDATE ${table('order_list')} SET status = 'rejected', reason = $2 WHERE id = $1`, [
        idOf(streamId),
        data.reason,
      ]),
    OrderPaid: ({ streamId }, { tx, table }) =>
      tx.query(`UPDATE ${table('order_list')} SET status = 'paid' WHERE id = $1`, [idOf(streamId)]),
    OrderCancelled: ({ streamId }, { tx, table }) =>
      tx.query(`UPDATE ${table('order_list')} SET status = 'cancelled' WHERE id = $1`, [idOf(streamId)]),
    OrderBilled: ({ streamId, data }, { tx, table }) =>
      tx.query(`UPDATE ${table('order_list')} SET status = 'billed', invoice = $2 WHERE id = $1`, [
        idOf(streamId),
        data.invoice,
      ]),
  },
});
// #endregion

/** `42` of `order-42`. */
const idOf = (streamId: string): string => streamId.slice('order-'.length);
