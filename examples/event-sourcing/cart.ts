import { aggregate, type EventsOf, eventTypes, projection } from '@millrace/eventstore';
import { z } from 'zod';

// #region events
export const cartTypes = eventTypes({
  ItemAdded: {
    version: 2,
    schema: z.object({ sku: z.string().min(1), quantity: z.int().min(1), price: z.number().min(0) }),
    // Events of version 1 had one item each, called by another name.
    upcast: { 1: (data: { item: string; price: number }) => ({ sku: data.item, quantity: 1, price: data.price }) },
  },
  CheckedOut: { schema: z.object({ total: z.number().min(0) }) },
});
export type CartEvent = EventsOf<typeof cartTypes>;
// #endregion

// #region aggregate
type CartCommand =
  | { readonly do: 'add'; readonly sku: string; readonly quantity: number; readonly price: number }
  | { readonly do: 'checkout' };

interface CartState {
  readonly total: number;
  readonly isCheckedOut: boolean;
}

export class CartIsEmpty extends Error {}

export const Cart = aggregate<CartState, CartCommand, CartEvent>({
  name: 'cart',
  snapshotEvery: 100,
  initial: () => ({ total: 0, isCheckedOut: false }),
  decide(command, state) {
    if (state.isCheckedOut) return [];
    if (command.do === 'add') {
      const { sku, quantity, price } = command;
      return { type: 'ItemAdded', data: { sku, quantity, price } };
    }
    if (state.total === 0) throw new CartIsEmpty('there is nothing to pay for');
    return { type: 'CheckedOut', data: { total: state.total } };
  },
  evolve(state, event) {
    if (event.type === 'CheckedOut') return { ...state, isCheckedOut: true };
    return { ...state, total: state.total + event.data.quantity * event.data.price };
  },
});
// #endregion

// #region projection
export const cartSummary = projection({
  name: 'cart-summary',
  version: 1,
  types: cartTypes,
  categories: ['cart'],
  tables: {
    cart_summary: (table) => `
      CREATE TABLE ${table} (cart text PRIMARY KEY, items int NOT NULL, is_paid boolean NOT NULL);
      CREATE INDEX ON ${table} (is_paid)`,
  },
  on: {
    ItemAdded: ({ streamId, data }, { tx, table }) =>
      tx.query(
        `INSERT INTO ${table('cart_summary')} AS s VALUES ($1, $2, false)
         ON CONFLICT (cart) DO UPDATE SET items = s.items + excluded.items`,
        [streamId, data.quantity],
      ),
    CheckedOut: ({ streamId }, { tx, table }) =>
      tx.query(`UPDATE ${table('cart_summary')} SET is_paid = true WHERE cart = $1`, [streamId]),
  },
});
// #endregion
