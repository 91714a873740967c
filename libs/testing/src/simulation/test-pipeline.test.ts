import { expect, it } from '@jest/globals';
import { Pipeline } from '@millrace/pipeline';
import { type FedWorld, testPipeline } from './test-pipeline.ts';

interface Order {
  readonly id: number;
  readonly total: number;
}

const ORDERS: readonly Order[] = Array.from({ length: 200 }, (_, id) => ({ id, total: id % 7 }));
const LARGE = ORDERS.filter(({ total }) => total > 3);

function largeOrders(world: FedWorld): Pipeline {
  const p = Pipeline.create();
  p.readFrom(world.source<Order>('orders'))
    .withoutTimestamps()
    .filter(({ total }) => total > 3)
    .writeTo(world.sink('large'));
  return p;
}

it('shows each row once in spite of crashes', async () => {
  for (const seed of [1, 2, 3]) {
    // #region crash
    await testPipeline(largeOrders)
      .feed('orders', ORDERS)
      .seed(seed)
      .crashAfter(1)
      .crashAfter(2)
      .expectSink('large')
      .exactlyOnce(LARGE);
    // #endregion
  }
  expect(LARGE.length).toBeGreaterThan(0);
});

it('fails when a row is missing, too many, when a crash never comes, or nothing is fed', async () => {
  const test = testPipeline(largeOrders).feed('orders', ORDERS);
  await expect(test.expectSink('large').exactlyOnce(LARGE.slice(1))).rejects.toThrow('rows of sink "large"');
  await expect(test.expectSink('large').exactlyOnce([...LARGE, LARGE[0]])).rejects.toThrow('rows of sink "large"');
  await expect(test.crashAfter(1_000).expectSink('large').exactlyOnce(LARGE)).rejects.toThrow('0 of 1 crashes came');
  await expect(test.expectSink('small').exactlyOnce([])).rejects.toThrow('no sink "small"');
  await expect(testPipeline(largeOrders).expectSink('large').exactlyOnce([])).rejects.toThrow('nothing is fed');
});
