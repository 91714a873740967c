import { describe, expect, it } from '@jest/globals';
import { rowBatch, watermark } from '@millrace/engine';
import { verifyProcessor } from '@millrace/testing';
import { hashJoin } from './hash-join.ts';

interface Order {
  readonly id: number;
  readonly customer: string;
  readonly country: string;
}
const order = (id: number, customer: string, country = 'DE'): Order => ({ id, customer, country });
const customers = [
  { key: 'a', name: 'Ada' },
  { key: 'b', name: 'Bo' },
  { key: 'b', name: 'Bea' },
];
const side = (kind: 'inner' | 'left') => ({
  leftKeyOf: ({ customer }: Order) => customer,
  rightKeyOf: ({ key }: { key: string }) => key,
  kind,
});
const join = ({ id }: Order, match: { name: string } | undefined) => `${id} ${match?.name}`;

describe.each(['generated', 'interpreted'] as const)('a hash join, %s', (mode) => {
  it('goes on with every match, and without one when it is a left join', async () => {
    await verifyProcessor(hashJoin({ sides: [side('left')], join, mode }))
      .input(customers, 1)
      .input([order(1, 'a'), order(2, 'x'), watermark(5), order(3, 'b')])
      .expectOutput(['1 Ada', '2 undefined', watermark(5), '3 Bo', '3 Bea']);
  });

  it('drops rows without a match when it is an inner join', async () => {
    await verifyProcessor(hashJoin({ sides: [side('inner')], join, mode }))
      .input(customers, 1)
      .input([order(1, 'a'), order(2, 'x'), order(3, 'b')])
      .expectOutput(['1 Ada', '3 Bo', '3 Bea']);
  });

  it('joins with several sides, each match with each', async () => {
    const country = {
      leftKeyOf: (row: Order) => row.country,
      rightKeyOf: ([code]: readonly [string, string]) => code,
      kind: 'left' as const,
    };
    const both = ({ id }: Order, customer: { name: string }, land: readonly [string, string] | undefined) =>
      `${id} ${customer.name} ${land?.[1]}`;
    await verifyProcessor(hashJoin({ sides: [side('inner'), country], join: both, mode }))
      .input(customers, 1)
      .input([['DE', 'Germany']], 2)
      .input([order(1, 'b'), order(2, 'a', 'FR'), order(3, 'x')])
      .expectOutput(['1 Bo Germany', '1 Bea Germany', '2 Ada undefined']);
  });

  it('keeps the event time of the stream', () => {
    const times: unknown[] = [];
    const processor = hashJoin({ sides: [side('left')], join, mode })({ globalIndex: 0, totalParallelism: 1 });
    void processor.init!({
      outbox: { edgeCount: 1, offer: (batch: { times: Float64Array }) => times.push(...batch.times) > 0 },
      metrics: { set: () => undefined },
    } as never);
    processor.process!(0, rowBatch([order(1, 'a')], undefined, Float64Array.of(42)));
    expect(times).toEqual([42]);
  });

  it('has a limit', () => {
    const processor = hashJoin({ sides: [side('left')], join, mode })({ globalIndex: 0, totalParallelism: 1 });
    void processor.init!({
      outbox: { edgeCount: 1, offer: () => true },
      metrics: { set: () => undefined },
      stateBytesMax: 500,
      vertex: 'enriched',
    } as never);
    expect(() => processor.process!(1, rowBatch(customers))).toThrow(/enriched/);
  });
});
