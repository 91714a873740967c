import { describe, expect, it } from '@jest/globals';
import {
  type Batch,
  type Outbox,
  type Processor,
  type ProcessorContext,
  partitionOwner,
  rowBatch,
  type SnapshotEntry,
  type Watermark,
} from '@millrace/engine';
import { systemClock, ulids } from '@millrace/kernel';
import { plainRows } from '@millrace/testing';
import { AggregateOperations } from '../aggregate/aggregate-operations.ts';
import type { SlidingWindow } from '../contract/window.ts';
import { partitionOfKey } from '../partition/hash-key.ts';
import { layoutOf } from '../state/accumulator-layout.ts';
import { accumulateFrames } from './accumulate-frames.ts';
import { combineFrames } from './combine-frames.ts';

interface Event {
  readonly key: number;
  readonly time: number;
}

const KEYS = [0, 1, 2, 3, 4, 5, 6, 7];
const events: readonly Event[] = KEYS.flatMap((key) => [1, 3, 6, 9].map((time) => ({ key, time: time + key / 10 })));

/** Time that passes with each look at it: a slice ends after a batch or two, as on a machine that is busy. */
const LOOK_MS = 0.6;

/** Takes everything up to a number of rows. */
class BoundedOutbox implements Outbox {
  readonly edgeCount = 1;
  readonly rows: unknown[] = [];
  readonly batches: Batch[] = [];
  rowsMax = Number.POSITIVE_INFINITY;

  offer(item: Batch | Watermark): boolean {
    if (item.kind === 'watermark') return true;
    if (this.rows.length + item.length > this.rowsMax) return false;
    this.batches.push(item);
    if (item.kind !== 'bytes') this.rows.push(...plainRows(item));
    return true;
  }

  offerTo(_ordinal: number, item: Batch | Watermark): boolean {
    return this.offer(item);
  }
}

async function open(
  processor: Processor,
  instance: { readonly globalIndex: number; readonly totalParallelism: number },
  entries: readonly SnapshotEntry[] = [],
): Promise<BoundedOutbox> {
  const outbox = new BoundedOutbox();
  let nowMs = 0;
  const context = {
    ...instance,
    vertex: 'window',
    outbox,
    clock: { ...systemClock, monotonicMs: () => (nowMs += LOOK_MS) },
    ids: ulids,
    metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
    wake: () => undefined,
  };
  await processor.init?.(context as unknown as ProcessorContext);
  for (const entry of entries) processor.restoreSnapshot?.(entry);
  await processor.restoreFinished?.();
  return outbox;
}

function save(processor: Processor): readonly SnapshotEntry[] {
  const entries: SnapshotEntry[] = [];
  const writer = { offer: (entry: SnapshotEntry) => entries.push(entry) > 0 };
  while (!processor.snapshotPrepare!(1));
  processor.saveSnapshot!(1, writer);
  while (!processor.writeSnapshot!(1, writer));
  return entries;
}

function complete(processor: Processor): void {
  for (let calls = 0; calls < 1_000; calls++) if (processor.complete!()) return;
  throw new Error('it never completes');
}

const cases = [
  { name: 'tumbling', window: { kind: 'sliding', sizeMs: 4, slideMs: 4 }, operation: 'counting' },
  { name: 'sliding, with running totals', window: { kind: 'sliding', sizeMs: 6, slideMs: 2 }, operation: 'counting' },
  { name: 'sliding, put together', window: { kind: 'sliding', sizeMs: 6, slideMs: 2 }, operation: 'maximum' },
] as const satisfies readonly { name: string; window: SlidingWindow; operation: string }[];

describe.each(cases)('INV-7 windows ($name) of instances that were stopped while their input was ending', (each) => {
  const operation =
    each.operation === 'counting'
      ? AggregateOperations.counting<Event>()
      : AggregateOperations.maxOf<Event>((event) => event.time);
  const layout = layoutOf(operation, 1);
  const { window } = each;

  const partialsFor = async (of: readonly Event[]): Promise<readonly Batch[]> => {
    const first = accumulateFrames({ stages: [], keyOf: (event: Event) => event.key, window, layout })({
      globalIndex: 0,
      totalParallelism: 1,
    });
    const outbox = await open(first, { globalIndex: 0, totalParallelism: 1 });
    first.process!(
      0,
      rowBatch(
        of,
        undefined,
        Float64Array.from(of, ({ time }) => time),
      ),
    );
    first.snapshotPrepare!(1);
    return outbox.batches;
  };

  const combiner = () => combineFrames({ window, layout, isKeyed: true });

  /** What two instances emit, of which the second is stopped after `rowsMax` rows, and one that is restored from both. */
  async function stoppedAfter(rowsMax: number): Promise<readonly unknown[]> {
    const shown: unknown[] = [];
    const entries: SnapshotEntry[] = [];
    for (const globalIndex of [0, 1]) {
      const instance = { globalIndex, totalParallelism: 2 };
      const processor = combiner()(instance);
      const outbox = await open(processor, instance);
      const own = events.filter(({ key }) => partitionOwner(partitionOfKey(key), 2) === globalIndex);
      for (const batch of await partialsFor(own)) processor.process!(0, batch);
      if (globalIndex === 0) {
        complete(processor);
      } else {
        outbox.rowsMax = rowsMax;
        for (let slices = 0; slices <= rowsMax && !processor.complete!(); slices++);
        outbox.rowsMax = Number.POSITIVE_INFINITY;
      }
      entries.push(...save(processor));
      shown.push(...outbox.rows);
    }
    const only = { globalIndex: 0, totalParallelism: 1 };
    const restored = combiner()(only);
    const outbox = await open(restored, only, entries);
    complete(restored);
    return [...shown, ...outbox.rows];
  }

  const sorted = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

  it('are emitted once each', async () => {
    const whole = await stoppedAfter(Number.POSITIVE_INFINITY);
    expect(new Set(sorted(whole)).size).toBe(whole.length);
    for (let rowsMax = 0; rowsMax < whole.length; rowsMax++) {
      expect(sorted(await stoppedAfter(rowsMax))).toEqual(sorted(whole));
    }
  });
});
