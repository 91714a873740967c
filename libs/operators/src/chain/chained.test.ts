import { describe, expect, it } from '@jest/globals';
import { type Batch, type Processor, rowBatch, watermark } from '@millrace/engine';
import { verifyProcessor } from '@millrace/testing';
import { AggregateOperations } from '../aggregate/aggregate-operations.ts';
import { fusedLoop } from '../loop/fused-loop.ts';
import { rollingAggregate } from '../rolling/rolling-aggregate.ts';
import { builtSource } from '../source/built-source.ts';
import { items, range } from '../source/test-sources.ts';
import { layoutOf } from '../state/accumulator-layout.ts';
import { assignTimestamps } from '../time/assign-timestamps.ts';
import { chained } from './chained.ts';

const count = (name: string) => ({
  name,
  supplier: rollingAggregate({
    keyOf: (n: number) => n % 2,
    layout: layoutOf(AggregateOperations.counting<number>(), 1),
  }),
});

describe('a chain', () => {
  it('is one processor: parts with and without state, through refusals, saves and restores', async () => {
    const chain = chained([
      { name: 'double', supplier: fusedLoop([{ flatMap: (n: number) => [n, n] }]) },
      count('count'),
      {
        name: 'show',
        supplier: fusedLoop([{ map: ({ key, result }: { key: number; result: number }) => `${key}:${result}` }]),
      },
    ]);
    await verifyProcessor(chain)
      .input([1, watermark(5), 2, 3])
      .expectOutput(['1:1', '1:2', watermark(5), '0:1', '0:2', '1:3', '1:4']);
  });

  it('may begin with a source, and then goes on where the snapshot was taken', async () => {
    const numbers = Array.from({ length: 3_000 }, (_, n) => n);
    const chain = chained([
      { name: 'items', supplier: builtSource(items(numbers)) },
      { name: 'twice', supplier: fusedLoop([{ flatMap: (n: number) => [n, -n] }]) },
    ]);
    await verifyProcessor(chain).expectOutput(numbers.flatMap((n) => [n, -n]));
  });

  it('gives every number of a range once, however many instances go on with it', async () => {
    await verifyProcessor(chained([{ name: 'range', supplier: builtSource(range(5, 25)) }])).expectOutput(
      Array.from({ length: 20 }, (_, n) => n + 5),
    );
  });

  it('closes every part, the last first, also when one fails', async () => {
    const closed: string[] = [];
    const part = (name: string): Processor => ({
      process: () => true,
      close() {
        closed.push(name);
        if (name === 'b') throw new Error('b does not close');
      },
    });
    const chain = chained(['a', 'b', 'c'].map((name) => ({ name, supplier: () => part(name) })));
    const processor = chain({ globalIndex: 0, totalParallelism: 1 });
    await expect(Promise.resolve(processor.close?.())).rejects.toThrow('b does not close');
    expect(closed).toEqual(['c', 'b', 'a']);
  });

  it('says whose state a snapshot holds that the chain no longer has', () => {
    const processor = chained([count('a'), count('b')])({ globalIndex: 0, totalParallelism: 1 });
    expect(() => processor.restoreSnapshot!({ partition: 0, key: 'gone/x', value: new Uint8Array() })).toThrow(
      'the snapshot holds state of stage gone',
    );
  });
});

const timed = (...times: number[]): Batch => rowBatch(times, undefined, Float64Array.from(times));

describe('event times', () => {
  const options = { allowedLagMs: 5, idleMs: Number.POSITIVE_INFINITY } as const;
  const timesOf = (batch: Batch) => [...((batch as { readonly times?: Float64Array }).times ?? [])];

  it('are what the function says, and the watermark follows the newest one by the lag', async () => {
    await verifyProcessor(assignTimestamps({ ...options, from: 'fn', timestampOf: (n: number) => n * 10 }), {
      rowsOf: timesOf,
      // After a restart the watermark is said again: the readers have forgotten it.
      restarts: false,
    })
      .input([rowBatch([1]), rowBatch([3]), rowBatch([2])])
      .expectOutput([10, watermark(5), 30, watermark(25), 20]);
  });

  it('are those of the source, with its own watermarks once it has sent one', async () => {
    await verifyProcessor(assignTimestamps({ ...options, from: 'native' }), { rowsOf: timesOf })
      .input([timed(10), watermark(8), timed(20), watermark(20)])
      .expectOutput([10, watermark(5), watermark(8), 20, watermark(20)]);
  });

  it('must be there', async () => {
    const verified = verifyProcessor(assignTimestamps({ ...options, from: 'fn', timestampOf: () => Number.NaN })).input(
      [1],
    );
    await expect(verified.expectOutput([])).rejects.toThrow('a row has no event time');
  });
});
