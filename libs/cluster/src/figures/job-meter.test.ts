import { describe, expect, it } from '@jest/globals';
import { DURATION_BOUNDS_MS, SHOWN_AFTER } from '@millrace/engine';
import { instance } from '../../test/instance.ts';
import { JobMeter } from './job-meter.ts';
import { quantile } from './quantile.ts';

const EDGES = [{ from: 'source', to: 'sink' }];

/** Durations counted so far: `count` in the class with this upper bound. */
const counted = (...classes: (readonly [index: number, count: number])[]): number[] => {
  const counts = new Array<number>(DURATION_BOUNDS_MS.length + 1).fill(0);
  for (const [index, count] of classes) counts[index] = count;
  return counts;
};

const reading = (rows: number, shown?: number[]) => [
  instance('source', {
    rowsOut: rows,
    out: [{ edge: 0, rows }],
    blockedMs: rows / 10,
    custom: { lagMs: 7, lagBytes: 64 },
  }),
  instance('sink', {
    rowsIn: rows,
    busyMs: rows / 4,
    queues: [{ edge: 0, rows: 3, rowsMax: 4, fill: 0.75 }],
    ...(shown !== undefined && { durations: { [SHOWN_AFTER]: shown } }),
  }),
];

describe('JobMeter', () => {
  it('makes rates and shares of the last five seconds out of counters', () => {
    const meter = new JobMeter(EDGES);
    expect(meter.measure(reading(1_000), 0).flow).toEqual({ in: 1_000, out: 1_000, inPerSecond: 0, outPerSecond: 0 });
    for (let second = 1; second <= 9; second++) meter.measure(reading(1_000 + second * 100), second * 1_000);
    const { flow, vertices, edges } = meter.measure(reading(3_400), 10_000);
    // 3,400 now, 1,500 five seconds ago.
    expect(flow).toEqual({ in: 3_400, out: 3_400, inPerSecond: 380, outPerSecond: 380 });
    expect(edges).toEqual([
      {
        edge: 0,
        from: 'source',
        to: 'sink',
        rows: 3_400,
        rowsPerSecond: 380,
        queuedRows: 3,
        queueRowsMax: 4,
        fill: 0.75,
      },
    ]);
    const [source, sink] = vertices;
    expect(source).toMatchObject({ isSource: true, isSink: false, queueFill: undefined, rowsOutPerSecond: 380 });
    expect(source!.blocked).toBeCloseTo(190 / 5_000);
    expect(sink).toMatchObject({ isSource: false, isSink: true, queueFill: 0.75, rowsInPerSecond: 380 });
    expect(sink!.busy).toBeCloseTo(475 / 5_000);
  });

  it('tells the lag of the last minute where the sinks count it, else that of the source', () => {
    const meter = new JobMeter(EDGES);
    expect(meter.measure(reading(0), 0).lag).toEqual({
      of: 'source',
      nowMs: 7,
      p50Ms: undefined,
      p99Ms: undefined,
      bytes: 64,
    });
    const slow = 30;
    const fast = 10;
    const first = meter.measure(reading(0, counted([fast, 98], [slow, 2])), 1_000).lag;
    expect(first.of).toBe('sink');
    expect(first.p50Ms!).toBeGreaterThan(DURATION_BOUNDS_MS[fast - 1]!);
    expect(first.p50Ms!).toBeLessThanOrEqual(DURATION_BOUNDS_MS[fast]!);
    expect(first.p99Ms!).toBeGreaterThan(DURATION_BOUNDS_MS[slow - 1]!);
    // Seconds later nothing new: only the source can say how late it is now.
    const idle = meter.measure(reading(0, counted([fast, 98], [slow, 2])), 7_000).lag;
    expect(idle).toMatchObject({ of: 'sink', nowMs: 7, p50Ms: first.p50Ms });
    // A minute later: what was counted before no longer counts.
    const later = meter.measure(reading(0, counted([fast, 98], [slow, 2])), 62_000).lag;
    expect(later.of).toBe('source');
  });

  it('keeps the readings of a minute and no more', () => {
    const meter = new JobMeter(EDGES);
    for (let second = 0; second < 600; second++) meter.measure(reading(second, counted([5, second])), second * 1_000);
    const { lag } = meter.measure(reading(600, counted([5, 599], [40, 61])), 600_000);
    // 60 of class 5 in the last minute and 61 of class 40.
    expect(lag.p50Ms!).toBeGreaterThan(DURATION_BOUNDS_MS[39]!);
  });
});

describe('quantile', () => {
  it('is nothing of nothing, and the longest bound of what is longer', () => {
    expect(quantile(counted(), 0.5)).toBeUndefined();
    expect(quantile(counted([DURATION_BOUNDS_MS.length, 3]), 0.5)).toBe(DURATION_BOUNDS_MS.at(-1));
  });
});
