import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decider } from '../aggregates/decider.ts';
import { projection } from '../projections/projection.ts';
import { added, type CartEvent, cartTypes } from '../test-support/carts.ts';
import { itemCounts } from '../test-support/item-counts.ts';
import { type StoreDatabase, storeDatabase } from '../test-support/store-database.ts';
import { projectionSpec, specify } from './index.ts';

class CartIsEmpty extends Error {}

const cart = decider<{ items: number; isDone: boolean }, { do: 'add'; sku: string } | { do: 'checkout' }, CartEvent>({
  initial: () => ({ items: 0, isDone: false }),
  decide(command, state) {
    if (command.do === 'add') return added(command.sku);
    if (state.isDone) return [];
    if (state.items === 0) throw new CartIsEmpty('the cart is empty');
    return { type: 'CheckedOut', data: { total: state.items } };
  },
  evolve: (state, { type }) =>
    type === 'ItemAdded' ? { ...state, items: state.items + 1 } : { ...state, isDone: true },
});

describe('a specification of a decider', () => {
  const given = specify(cart);
  const checkedOut: CartEvent = { type: 'CheckedOut', data: { total: 1 } };

  it('holds when it is so', () => {
    given([added('a')])
      .when({ do: 'checkout' })
      .then([checkedOut]);
    given().when({ do: 'add', sku: 'b' }).then(added('b'));
    given([added('a'), checkedOut])
      .when({ do: 'checkout' })
      .thenNothing();
    given().when({ do: 'checkout' }).thenThrows(CartIsEmpty);
    given().when({ do: 'checkout' }).thenThrows('is empty');
    given()
      .when({ do: 'checkout' })
      .thenThrows(/^the cart/);
  });

  it('fails when it is not', () => {
    expect(() =>
      given([added('a')])
        .when({ do: 'checkout' })
        .thenNothing(),
    ).toThrow();
    expect(() =>
      given([added('a')])
        .when({ do: 'checkout' })
        .thenThrows(),
    ).toThrow('was not refused');
    expect(() => given().when({ do: 'checkout' }).thenThrows(TypeError)).toThrow('not by TypeError');
    expect(() => given().when({ do: 'checkout' }).thenThrows('full')).toThrow('not "full"');
    expect(() => given().when({ do: 'checkout' }).then(checkedOut)).toThrow(CartIsEmpty);
  });
});

describe('a specification of a projection', () => {
  let setup: StoreDatabase;
  beforeAll(async () => {
    setup = await storeDatabase();
  });
  afterAll(async () => {
    await setup[Symbol.asyncDispose]();
  });

  it('holds when all ways lead to the rows, and leaves no table', async () => {
    await projectionSpec(itemCounts(), setup.pool)
      .given({ streamId: 'cart-1', events: [added('a'), added('b', 2)] }, { streamId: 'cart-2', events: [added('a')] })
      .thenRows('item_counts', [
        { sku: 'a', quantity: '2', events: 2 },
        // In any order of columns.
        { quantity: '2', events: 1, sku: 'b' },
      ]);
    const { rows } = await setup.pool.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
    expect(rows).toEqual([]);
  });

  it('fails for one that counts outside of its tables', async () => {
    let count = 0;
    const counting = projection({
      name: 'counting',
      version: 1,
      types: cartTypes,
      tables: { counting: (table) => `CREATE TABLE ${table} (n int)` },
      on: { ItemAdded: (_event, { tx, table }) => tx.query(`INSERT INTO ${table('counting')} VALUES ($1)`, [++count]) },
    });
    await expect(
      projectionSpec(counting, setup.pool)
        .given({ streamId: 'cart-1', events: [added('a'), added('b')] })
        .thenRows('counting', [{ n: 1 }, { n: 2 }]),
    ).rejects.toThrow('events applied one by one');
  });
});
