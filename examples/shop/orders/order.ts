import { aggregate, type EventsOf, eventTypes } from '@millrace/eventstore';
import { z } from 'zod';

// #region events
export const placedSchema = z.object({
  customer: z.string().min(1).max(100),
  sku: z.string().min(1).max(100),
  quantity: z.int().min(1).max(1_000_000),
  cents: z.int().min(0).max(1_000_000_000),
});
export type Placed = z.infer<typeof placedSchema>;

/** What can happen to an order. */
export const orderTypes = eventTypes({
  OrderPlaced: { schema: placedSchema },
  StockReserved: { schema: z.object({}) },
  OrderRejected: { schema: z.object({ reason: z.string() }) },
  OrderPaid: { schema: z.object({}) },
  OrderCancelled: { schema: z.object({}) },
  OrderBilled: { schema: z.object({ invoice: z.int() }) },
});
export type OrderEvent = EventsOf<typeof orderTypes>;
// #endregion

// #region state
export type Status = 'placed' | 'reserved' | 'rejected' | 'paid' | 'cancelled' | 'billed';

export interface OrderState {
  /** None: nothing has happened yet. */
  readonly status: Status | undefined;
  readonly placed: Placed | undefined;
}

export type OrderCommand =
  | { readonly do: 'place'; readonly order: Placed }
  | { readonly do: 'reserve' }
  | { readonly do: 'reject'; readonly reason: string }
  | { readonly do: 'pay' }
  | { readonly do: 'cancel' }
  | { readonly do: 'bill'; readonly invoice: number };

/** The order is not in a state in which that can be done. */
export class OrderRefused extends Error {
  override readonly name = 'OrderRefused';
}
// #endregion

// #region decide
const refuse = (what: string, status: Status | 'unknown' = 'unknown'): never => {
  throw new OrderRefused(`an order that is ${status} cannot be ${what}`);
};

const isSame = (one: Placed, other: Placed): boolean =>
  one.customer === other.customer &&
  one.sku === other.sku &&
  one.quantity === other.quantity &&
  one.cents === other.cents;

/** Which events follow. A command that comes again finds its work done: nothing follows. One that comes too early is refused, and tried again. */
function decide(command: OrderCommand, { status, placed }: OrderState): OrderEvent | readonly OrderEvent[] {
  switch (command.do) {
    case 'place':
      if (placed === undefined) return { type: 'OrderPlaced', data: command.order };
      return isSame(placed, command.order) ? [] : refuse('placed again as another one', status);
    case 'reserve':
      if (status === 'placed') return { type: 'StockReserved', data: {} };
      return status === undefined ? refuse('reserved') : [];
    case 'reject':
      if (status === 'placed') return { type: 'OrderRejected', data: { reason: command.reason } };
      return status === undefined ? refuse('rejected') : [];
    case 'pay':
      if (status === 'reserved') return { type: 'OrderPaid', data: {} };
      return status === 'paid' || status === 'billed' ? [] : refuse('paid', status);
    case 'cancel':
      if (status === 'placed' || status === 'reserved') return { type: 'OrderCancelled', data: {} };
      return status === 'cancelled' ? [] : refuse('cancelled', status);
    case 'bill':
      if (status === 'paid') return { type: 'OrderBilled', data: { invoice: command.invoice } };
      return status === 'billed' ? [] : refuse('billed', status);
  }
}
// #endregion

// #region aggregate
const STATUS_AFTER: { readonly [Type in OrderEvent['type']]: Status } = {
  OrderPlaced: 'placed',
  StockReserved: 'reserved',
  OrderRejected: 'rejected',
  OrderPaid: 'paid',
  OrderCancelled: 'cancelled',
  OrderBilled: 'billed',
};

export const Order = aggregate<OrderState, OrderCommand, OrderEvent>({
  name: 'order',
  initial: () => ({ status: undefined, placed: undefined }),
  decide,
  evolve: (state, event) => ({
    status: STATUS_AFTER[event.type],
    placed: event.type === 'OrderPlaced' ? event.data : state.placed,
  }),
});
// #endregion
