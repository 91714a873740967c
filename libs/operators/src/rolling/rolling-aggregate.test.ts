import { describe, expect, it } from '@jest/globals';
import {
  type Batch,
  rowBatch,
  type SnapshotEntry,
  type SnapshotWriter,
  type Watermark,
  watermark,
} from '@millrace/engine';
import { plainRows, verifyProcessor } from '@millrace/testing';
import { AggregateOperations } from '../aggregate/aggregate-operations.ts';
import { layoutOf } from '../state/accumulator-layout.ts';
import { rollingAggregate } from './rolling-aggregate.ts';

interface Sale {
  readonly shop: string;
  readonly total: number;
}

const sale = (shop: string, total: number): Sale => ({ shop, total });
const { counting, averaging, topN, allOf } = AggregateOperations;

describe.each(['generated', 'interpreted'] as const)('a rolling aggregation, %s', (mode) => {
  it('gives the result of its key for every row, through saves and restores', async () => {
    const layout = layoutOf(allOf({ count: counting<Sale>(), mean: averaging((each: Sale) => each.total) }), 1);
    await verifyProcessor(rollingAggregate({ keyOf: (each: Sale) => each.shop, layout, mode }))
      .input([sale('a', 2), sale('b', 5), sale('a', 4), watermark(3), sale('a', 0)])
      .expectOutput([
        { key: 'a', result: { count: 1, mean: 2 } },
        { key: 'b', result: { count: 1, mean: 5 } },
        { key: 'a', result: { count: 2, mean: 3 } },
        watermark(3),
        { key: 'a', result: { count: 3, mean: 2 } },
      ]);
  });

  it('keeps accumulators that are objects', async () => {
    const layout = layoutOf(
      topN<Sale>(1, (a, b) => a.total - b.total),
      1,
    );
    await verifyProcessor(rollingAggregate({ keyOf: (each: Sale) => each.shop, layout, mode }))
      .input([sale('a', 2), sale('a', 1), sale('a', 9)])
      .expectOutput([
        { key: 'a', result: [sale('a', 2)] },
        { key: 'a', result: [sale('a', 2)] },
        { key: 'a', result: [sale('a', 9)] },
      ]);
  });

  it('saves the state as of the barrier while later rows change it, and restores it on any number of instances', () => {
    const KEYS = 3_000;
    const layout = layoutOf(counting<number>(), 1);
    const make = () =>
      rollingAggregate({ keyOf: (n: number) => n % KEYS, layout, mode })({ globalIndex: 0, totalParallelism: 1 });
    const results: { key: number; result: number }[] = [];
    const open = (processor: ReturnType<typeof make>) =>
      processor.init!({
        outbox: {
          edgeCount: 1,
          offer: (item: Batch | Watermark) =>
            results.push(...(item.kind === 'watermark' ? [] : (plainRows(item) as typeof results))) >= 0,
          offerTo: () => true,
        },
        metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
      } as never);
    const numbers = Array.from({ length: KEYS }, (_, n) => n);
    const first = make();
    void open(first);
    first.process!(0, rowBatch(numbers));
    const entries: SnapshotEntry[] = [];
    const writer: SnapshotWriter = {
      offer: (entry) => {
        entries.push(structuredClone(entry));
        return true;
      },
    };
    first.saveSnapshot!(1, writer);
    let slices = 0;
    // Every key changes between any two slices; new keys come as well.
    do first.process!(0, rowBatch([...numbers, KEYS * 7 + slices]));
    while (!first.writeSnapshot!(1, writer) && ++slices < 1_000);
    expect(slices).toBeGreaterThan(10);
    const restored = [make(), make()];
    for (const [index, processor] of restored.entries()) {
      void open(processor);
      for (const entry of entries) if (entry.partition % 2 === index) processor.restoreSnapshot!(entry);
    }
    results.length = 0;
    for (const processor of restored) processor.process!(0, rowBatch(numbers));
    // Whoever owns the key had counted it once at the barrier; the other one never.
    const sums = new Map<number, number>();
    for (const { key, result } of results) sums.set(key, (sums.get(key) ?? 0) + result);
    expect([...sums.values()].every((sum) => sum === 2 + 1)).toBe(true);
    expect(sums.size).toBe(KEYS);
  });
});
