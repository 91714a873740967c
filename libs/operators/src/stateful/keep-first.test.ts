import { expect, it } from '@jest/globals';
import { type RowBatch, rowBatch } from '@millrace/engine';
import { verifyProcessor } from '@millrace/testing';
import { keepFirst } from './keep-first.ts';

type Tick = readonly [key: string, timeMs: number];

const first = keepFirst<RowBatch<Tick>>({
  keyOf: (batch, index) => batch.rows[index]![0],
  timeOf: (batch, index) => batch.rows[index]![1],
  withinMs: 10,
  pick: (batch, indexes) => rowBatch(indexes.map((index) => batch.rows[index]!)),
});

it('keeps the first row of a key within the time, through saves and restores', async () => {
  await verifyProcessor(first)
    .input([
      ['a', 1],
      ['b', 2],
      ['a', 10],
      ['a', 11],
      ['b', 11],
      ['b', 12],
    ])
    .expectOutput([
      ['a', 1],
      ['b', 2],
      ['a', 11],
      ['b', 12],
    ]);
});

it('forgets keys whose time is over', () => {
  let keys = 0;
  const processor = first({ globalIndex: 0, totalParallelism: 1 });
  void processor.init!({
    outbox: { edgeCount: 1, offer: () => true },
    metrics: { set: (name: string, value: number) => (keys = name === 'keys' ? value : keys) },
  } as never);
  processor.process!(0, rowBatch(Array.from({ length: 100 }, (_, n): Tick => [`k${n}`, n])));
  expect(keys).toBe(10);
});
