import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { migrate } from '@millrace/eventstore';
import { projectionSpec, specify } from '@millrace/eventstore/testing';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import pg from 'pg';
import { Order, type OrderEvent, OrderRefused } from './order.ts';
import { orderList } from './order-list.ts';

const given = specify(Order);
const order = { customer: 'ann', sku: 'tea', quantity: 2, cents: 500 };
const placed: OrderEvent = { type: 'OrderPlaced', data: order };
const reserved: OrderEvent = { type: 'StockReserved', data: {} };
const paid: OrderEvent = { type: 'OrderPaid', data: {} };
const cancelled: OrderEvent = { type: 'OrderCancelled', data: {} };

describe('an order', () => {
  // #region decider
  it('is paid once, when the stock has it', () => {
    given([placed]).when({ do: 'pay' }).thenThrows(OrderRefused);
    given([placed, reserved]).when({ do: 'pay' }).then(paid);
    given([placed, reserved, paid]).when({ do: 'pay' }).thenNothing();
  });
  // #endregion

  it('is placed once, and not again as another one', () => {
    given().when({ do: 'place', order }).then(placed);
    given([placed]).when({ do: 'place', order }).thenNothing();
    given([placed])
      .when({ do: 'place', order: { ...order, quantity: 3 } })
      .thenThrows(OrderRefused);
  });

  it('stays cancelled when the answer of the stock comes later', () => {
    given([placed]).when({ do: 'cancel' }).then(cancelled);
    given([placed, cancelled]).when({ do: 'reserve' }).thenNothing();
    given([placed, cancelled]).when({ do: 'reject', reason: 'none is left' }).thenNothing();
    given([placed, reserved, paid]).when({ do: 'cancel' }).thenThrows('an order that is paid cannot be cancelled');
  });

  it('takes no answer before its question: it would be lost', () => {
    given().when({ do: 'reserve' }).thenThrows(OrderRefused);
    given().when({ do: 'reject', reason: 'none is left' }).thenThrows(OrderRefused);
    given([placed, reserved]).when({ do: 'bill', invoice: 1 }).thenThrows(OrderRefused);
  });
});

describe('the list', () => {
  let database: TestDatabase;
  let pool: pg.Pool;

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase('orders');
    pool = new pg.Pool({ connectionString: database.url });
    await migrate(pool);
  });
  afterAll(async () => {
    await pool.end();
    await database[Symbol.asyncDispose]();
  });

  const row = { ...order, reason: null, invoice: null };
  /** When a specification has recorded its n-th event. */
  const second = (n: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, n));

  it('shows each order as it is', async () => {
    await projectionSpec(orderList, pool)
      .given(
        {
          streamId: 'order-1',
          events: [placed, reserved, paid, { type: 'OrderBilled', data: { invoice: 7 } }],
        },
        { streamId: 'order-2', events: [placed, { type: 'OrderRejected', data: { reason: 'none is left' } }] },
        { streamId: 'order-3', events: [placed, cancelled] },
      )
      .thenRows('order_list', [
        { ...row, id: '1', status: 'billed', invoice: 7, placed_at: second(1) },
        { ...row, id: '2', status: 'rejected', reason: 'none is left', placed_at: second(5) },
        { ...row, id: '3', status: 'cancelled', placed_at: second(7) },
      ]);
  });
});
