import { describe, expect, it } from '@jest/globals';
import {
  type Batch,
  type Processor,
  type ProcessorContext,
  rowBatch,
  type SnapshotEntry,
  type Watermark,
} from '@millrace/engine';
import { type Clock, systemClock } from '@millrace/kernel';
import { assignTimestamps } from './assign-timestamps.ts';

const IDLE_MS = 100;

/** One instance with a clock that only the test moves. */
function start(restored: readonly SnapshotEntry[] = []) {
  let nowMs = 1_000;
  const watermarks: number[] = [];
  const clock: Clock = { ...systemClock, monotonicMs: () => nowMs, timer: () => () => {} };
  const offer = (item: Batch | Watermark): boolean => {
    if (item.kind === 'watermark') watermarks.push(item.timeMs);
    return true;
  };
  const processor: Processor = assignTimestamps({ from: 'native', allowedLagMs: 5, idleMs: IDLE_MS })({
    globalIndex: 0,
    totalParallelism: 1,
  });
  const context = { clock, globalIndex: 0, outbox: { edgeCount: 1, offer, offerTo: () => true } };
  void processor.init!(context as unknown as ProcessorContext);
  for (const entry of restored) processor.restoreSnapshot!(entry);
  return {
    watermarks,
    pass: (durationMs: number) => {
      nowMs += durationMs;
    },
    give: (stream: string | undefined, ...times: readonly number[]) => {
      const rows = rowBatch(times, undefined, Float64Array.from(times));
      expect(processor.process!(0, stream === undefined ? rows : { ...rows, stream })).toBe(true);
    },
    save: () => {
      const entries: SnapshotEntry[] = [];
      processor.saveSnapshot!(1, { offer: (entry) => entries.push(entry) > 0 });
      return entries;
    },
  };
}

describe('event times of a source', () => {
  it('are followed as they come where it has one stream', () => {
    const { give, pass, watermarks } = start();
    give(undefined, 10, 30, 20);
    give(undefined);
    pass(10 * IDLE_MS);
    give(undefined, 25);
    give(undefined, 40);
    expect(watermarks).toEqual([25, 35]);
  });

  it('are those of the slowest of its streams', () => {
    const { give, watermarks } = start();
    give('a');
    give('b');
    give('a', 100, 200);
    expect(watermarks).toEqual([]);
    give('b', 50);
    give('a', 300);
    give('b', 120);
    expect(watermarks).toEqual([45, 115]);
  });

  it('do not wait for a stream that is idle, and take it back when it has rows again', () => {
    const { give, pass, watermarks } = start();
    give('a', 10);
    give('b', 10);
    pass(IDLE_MS + 1);
    give('a', 100);
    expect(watermarks).toEqual([5, 95]);
    give('b', 101);
    give('a', 200);
    expect(watermarks).toEqual([5, 95, 96]);
  });

  it('wait after a restart for the streams that there were', () => {
    const before = start();
    before.give('a', 100);
    before.give('b', 50);
    const { give, watermarks } = start(before.save());
    give('a', 300);
    expect(watermarks).toEqual([45]);
    give('b', 80);
    expect(watermarks).toEqual([45, 75]);
  });
});
