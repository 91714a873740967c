import { describe, expect, it } from '@jest/globals';
import { type Batch, rowBatch, watermark } from '@millrace/engine';
import { plainRows, verifyProcessor } from '@millrace/testing';
import fc from 'fast-check';
import { chained } from '../chain/chained.ts';
import type { AggregateOperation1 } from '../contract/aggregate-operation.ts';
import type { SlidingWindow } from '../contract/window.ts';
import { type AnyAggregate, layoutOf } from '../state/accumulator-layout.ts';
import { accumulateFrames } from './accumulate-frames.ts';
import { combineFrames } from './combine-frames.ts';

interface Event {
  readonly key: string | number;
  readonly time: number;
  readonly value: number;
}

const counting: AggregateOperation1<Event, number, number> = {
  create: () => 0,
  accumulate: [(count) => count + 1],
  finish: (count) => count,
  columns: { primitives: [{ input: 0, primitive: { kind: 'count' } }] },
};
const stats: AnyAggregate = {
  create: () => undefined,
  accumulate: [() => undefined],
  finish: () => undefined,
  columns: {
    primitives: [
      { input: 0, primitive: { kind: 'sum', of: (row: Event) => row.value } },
      { input: 0, primitive: { kind: 'average', of: (row: Event) => row.value } },
      { input: 0, primitive: { kind: 'min', of: (row: Event) => row.value } },
      { input: 0, primitive: { kind: 'max', of: (row: Event) => row.value } },
      { input: 0, primitive: { kind: 'list', of: (row: Event) => row.value } },
    ],
    result: ((...values: unknown[]) => values) as never,
  },
};
const summedObjects: AnyAggregate = {
  create: () => ({ sum: 0 }),
  accumulate: [
    (accumulator: { sum: number }, row: Event) => {
      accumulator.sum += row.value;
      return accumulator;
    },
  ],
  combine: (left: { sum: number }, right: { sum: number }) => ({ sum: left.sum + right.sum }),
  finish: (accumulator: { sum: number }) => accumulator.sum,
};
const deductedObjects: AnyAggregate = {
  ...summedObjects,
  deduct: (left: { sum: number }, right: { sum: number }) => ({ sum: left.sum - right.sum }),
};

function twoStages(aggregate: AnyAggregate, window: SlidingWindow, isKeyed = true) {
  const layout = layoutOf(aggregate, 1);
  return chained([
    {
      name: 'accumulate',
      supplier: accumulateFrames({
        stages: [],
        keyOf: isKeyed ? (row: Event) => row.key : undefined,
        window,
        layout,
      }),
    },
    { name: 'combine', supplier: combineFrames({ window, layout, isKeyed }) },
  ]);
}

const timed = (events: readonly Event[]): Batch =>
  rowBatch(
    events,
    undefined,
    Float64Array.from(events, (event) => event.time),
  );

/** Inputs as the harness takes them: one batch for each event, so that it can also go item by item. */
const items = (events: readonly (Event | number)[]) =>
  events.map((event) => (typeof event === 'number' ? watermark(event) : timed([event])));

const event = (key: string | number, time: number, value = 1): Event => ({ key, time, value });

describe('a sliding window in two stages', () => {
  const window: SlidingWindow = { kind: 'sliding', sizeMs: 4, slideMs: 2 };

  it('emits every window with rows once, in order, however it is treated', async () => {
    await verifyProcessor(twoStages(counting, window))
      .input(items([event('a', 0), event('a', 1), event('b', 3), 4, event('a', 5), 8, event('c', 100), 200]))
      .expectOutput([
        { start: -2, end: 2, key: 'a', result: 2 },
        { start: 0, end: 4, key: 'a', result: 2 },
        { start: 0, end: 4, key: 'b', result: 1 },
        watermark(4),
        { start: 2, end: 6, key: 'a', result: 1 },
        { start: 2, end: 6, key: 'b', result: 1 },
        { start: 4, end: 8, key: 'a', result: 1 },
        watermark(8),
        { start: 98, end: 102, key: 'c', result: 1 },
        { start: 100, end: 104, key: 'c', result: 1 },
        watermark(200),
      ]);
  });

  it('emits what is open when the input ends', async () => {
    await verifyProcessor(twoStages(counting, window))
      .input(items([event(7, 1), event(7, 2)]))
      .expectOutput([
        { start: -2, end: 2, key: 7, result: 1 },
        { start: 0, end: 4, key: 7, result: 2 },
        { start: 2, end: 6, key: 7, result: 1 },
      ]);
  });

  it('puts late rows into the windows that are still open, and drops those for which none is', async () => {
    await verifyProcessor(twoStages(counting, window))
      .input(items([event('a', 0), 3, event('a', 1), event('a', -1), 4]))
      .expectOutput([
        { start: -2, end: 2, key: 'a', result: 1 },
        watermark(3),
        { start: 0, end: 4, key: 'a', result: 2 },
        watermark(4),
      ]);
  });

  it('is one group without a key, and can say that a window was empty', async () => {
    await verifyProcessor(twoStages(counting, { kind: 'sliding', sizeMs: 2, slideMs: 2, emitsEmpty: true }, false))
      .input(items([event('a', 0), event('b', 1), 2, event('b', 6), 8]))
      .expectOutput([
        { start: 0, end: 2, result: 2 },
        watermark(2),
        { start: 2, end: 4, result: 0 },
        { start: 4, end: 6, result: 0 },
        { start: 6, end: 8, result: 1 },
        watermark(8),
      ]);
  });
});

const aggregates: Record<
  string,
  { readonly aggregate: AnyAggregate; readonly of: (events: readonly Event[]) => unknown }
> = {
  counting: { aggregate: counting, of: (events) => events.length },
  statistics: {
    aggregate: stats,
    of: (events) => {
      const values = events.map((each) => each.value);
      const sum = values.reduce((a, b) => a + b, 0);
      return [sum, sum / values.length, Math.min(...values), Math.max(...values), [...values].sort((a, b) => a - b)];
    },
  },
  objects: { aggregate: summedObjects, of: (events) => events.reduce((sum, each) => sum + each.value, 0) },
  'objects that deduct': {
    aggregate: deductedObjects,
    of: (events) => events.reduce((sum, each) => sum + each.value, 0),
  },
};

/** The windows of events, in plain JavaScript: what comes before a watermark of `lateAfter` is left out. */
function model(
  events: readonly (Event | number)[],
  { sizeMs, slideMs }: SlidingWindow,
  of: (rows: readonly Event[]) => unknown,
) {
  const windows = new Map<string, { start: number; end: number; key: string | number; rows: Event[] }>();
  let now = Number.NEGATIVE_INFINITY;
  for (const each of events) {
    if (typeof each === 'number') {
      now = Math.max(now, each);
      continue;
    }
    const frame = Math.floor(each.time / slideMs);
    for (let end = (frame + 1) * slideMs; end <= frame * slideMs + sizeMs; end += slideMs) {
      if (end <= Math.floor(now / slideMs) * slideMs) continue;
      const name = `${end}/${String(each.key)}`;
      const found = windows.get(name) ?? { start: end - sizeMs, end, key: each.key, rows: [] };
      found.rows.push(each);
      windows.set(name, found);
    }
  }
  return [...windows.values()].map(({ start, end, key, rows }) => ({ start, end, key, result: of(rows) }));
}

/** Watermarks that do not rise are left out, as an edge does. */
function withRisingWatermarks(given: readonly (Event | number)[]): readonly (Event | number)[] {
  let highest = Number.NEGATIVE_INFINITY;
  return given.filter((each) => {
    if (typeof each !== 'number') return true;
    const rises = each > highest;
    highest = Math.max(highest, each);
    return rises;
  });
}

const sorted = (results: readonly { readonly end: number; readonly key: string | number }[]) =>
  [...results].sort((a, b) => a.end - b.end || String(a.key).localeCompare(String(b.key)));

it('tumbles', async () => {
  await verifyProcessor(twoStages(counting, { kind: 'sliding', sizeMs: 2, slideMs: 2 }))
    .input(items([event(1, 0)]))
    .expectOutput([{ start: 0, end: 2, key: 1, result: 1 }]);
});

describe.each(Object.entries(aggregates))('a sliding window of %s', (_name, { aggregate, of }) => {
  it('gives what a plain program gives, through saves and restores', async () => {
    const anyEvent = fc.record({
      key: fc.constantFrom(1, 2, 3),
      time: fc.integer({ min: 0, max: 40 }),
      value: fc.integer({ min: -50, max: 50 }),
    });
    const input = fc.array(
      fc.oneof({ weight: 4, arbitrary: anyEvent }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 40 }) }),
      {
        maxLength: 25,
      },
    );
    await fc.assert(
      fc.asyncProperty(input, fc.constantFrom([2, 2], [6, 2], [4, 1]), async (given, [sizeMs, slideMs]) => {
        const window: SlidingWindow = { kind: 'sliding', sizeMs: sizeMs!, slideMs: slideMs! };
        const rising = withRisingWatermarks(given);
        const expected = sorted(model(rising, window, of));
        const results: { end: number; key: string | number }[][] = [[]];
        const verification = verifyProcessor(twoStages(aggregate, window), {
          before: () => void results.push([]),
          rowsOf: (batch) => {
            const rows = plainRows(batch) as { end: number; key: string | number; result: unknown }[];
            for (const row of rows)
              if (Array.isArray(row.result)) row.result[4] = [...(row.result[4] as number[])].sort((a, b) => a - b);
            results.at(-1)!.push(...rows);
            return [];
          },
        });
        verification.input(items(rising));
        await verification.expectOutput(rising.filter((each) => typeof each === 'number').map(watermark));
        for (const run of results.slice(1)) expect(sorted(run)).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });
});
