import { isDeepStrictEqual } from 'node:util';
import { committedMessages } from '../../../libs/connectors/kafka/src/test-support/committed-messages.ts';
import type { Shop } from './shop.ts';

/** The statuses at which nothing more happens to an order by itself. */
const SETTLED = new Set(['rejected', 'cancelled', 'billed', 'reserved']);

interface OrderRow {
  readonly id: string;
  readonly sku: string;
  readonly quantity: number;
  readonly cents: number;
  readonly status: string;
}

/** What the four places say of the same orders. */
export interface Books {
  readonly orders: readonly OrderRow[];
  /** The same by the read model. */
  readonly listed: readonly OrderRow[];
  readonly reservations: readonly { readonly id: string; readonly quantity: number; readonly status: string }[];
  readonly items: readonly { readonly sku: string; readonly reserved: number }[];
  readonly invoices: readonly { readonly id: string; readonly number: number; readonly cents: number }[];
  /** In Kafka, as a reader of committed messages sees them. */
  readonly messages: readonly { readonly key: string | null; readonly value: string | null }[];
}

export async function readBooks({ databases, brokers, topic }: Shop): Promise<Books> {
  const columns = 'id, sku, quantity, cents, status';
  const messages = await committedMessages(brokers, [topic], true);
  return {
    orders: await databases.orders.query<OrderRow>(`SELECT ${columns} FROM orders ORDER BY id`),
    listed: await databases.orders.query<OrderRow>(`SELECT ${columns} FROM order_list ORDER BY id`),
    reservations: await databases.stock.query('SELECT order_id AS id, quantity, status FROM reservations ORDER BY id'),
    items: await databases.stock.query('SELECT sku, reserved FROM items ORDER BY sku'),
    invoices: await databases.billing.query('SELECT order_id AS id, number, cents FROM invoices ORDER BY id'),
    messages: messages.map(({ key, value }) => ({ key, value })),
  };
}

/** Nothing is on its way any more. */
export const isSettled = ({ orders }: Books): boolean => orders.every(({ status }) => SETTLED.has(status));

const DECIDED: Readonly<Record<string, readonly string[]>> = {
  rejected: ['refused'],
  // One that was cancelled at once may have found nothing in stock.
  cancelled: ['released', 'refused'],
  reserved: ['reserved'],
  billed: ['reserved'],
};

/** What does not fit together; nothing when the books balance. */
export function differences({ orders, listed, reservations, items, invoices, messages }: Books): readonly string[] {
  const found: string[] = [];
  const check = (holds: boolean, what: string): void => {
    if (!holds) found.push(what);
  };
  check(isDeepStrictEqual(orders, listed), 'the read model is not what the orders are');
  const byOrder = Map.groupBy(reservations, ({ id }) => id);
  for (const { id, quantity, status } of orders) {
    const [reservation] = byOrder.get(id) ?? [];
    const isRight = reservation?.quantity === quantity && DECIDED[status]?.includes(reservation.status) === true;
    check(isRight, `order ${id} is ${status}, its reservation ${reservation?.status ?? 'missing'}`);
  }
  check(reservations.length === orders.length, `${reservations.length} reservations of ${orders.length} orders`);
  for (const { sku, reserved } of items) {
    const wanted = orders
      .filter((order) => order.sku === sku && (order.status === 'reserved' || order.status === 'billed'))
      .reduce((sum, { quantity }) => sum + quantity, 0);
    check(reserved === wanted, `${reserved} of ${sku} are reserved, and orders want ${wanted}`);
  }
  const billed = orders.filter(({ status }) => status === 'billed').map(({ id, cents }) => ({ id, cents }));
  const invoiced = invoices.map(({ id, cents }) => ({ id, cents }));
  check(isDeepStrictEqual(billed, invoiced), `${invoices.length} invoices of ${billed.length} billed orders`);
  const sent = messages.map(({ key, value }) => `${key} ${value}`).toSorted();
  const due = invoices.map(
    ({ id, number, cents }) => `${id} ${JSON.stringify({ orderId: id, invoice: number, cents })}`,
  );
  check(isDeepStrictEqual(sent, due.toSorted()), `${messages.length} messages of ${invoices.length} invoices`);
  return found;
}

const STATUSES = ['placed', 'reserved', 'paid', 'billed', 'rejected', 'cancelled'];

/** One line for people: what is where. */
export function figures({ orders, reservations, items, invoices, messages }: Books): string {
  const statuses = STATUSES.map((status) => ({
    status,
    count: orders.filter((order) => order.status === status).length,
  }));
  const shown = statuses.filter(({ count }) => count > 0).map(({ status, count }) => `${count} ${status}`);
  const reserved = items.reduce((sum, item) => sum + item.reserved, 0);
  return `${orders.length} orders (${shown.join(', ')}), ${reservations.length} decisions of the stock, ${reserved} pieces reserved, ${invoices.length} invoices, ${messages.length} messages in Kafka`;
}

/** The same, and whether it fits together. */
export function verdict(books: Books): string {
  const found = differences(books);
  const outcome = found.length === 0 ? 'EQUAL' : `DIFFERENT (${found.slice(0, 3).join('; ')})`;
  return `${outcome}: ${figures(books)}`;
}
