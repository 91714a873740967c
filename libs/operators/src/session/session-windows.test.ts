import { describe, expect, it } from '@jest/globals';
import { type Batch, rowBatch, watermark } from '@millrace/engine';
import { systemClock } from '@millrace/kernel';
import { plainRows, verifyProcessor } from '@millrace/testing';
import fc from 'fast-check';
import { AggregateOperations } from '../aggregate/aggregate-operations.ts';
import { splitLate } from './late-rows.ts';
import { type Session, sessionAt } from './session-list.ts';
import { sessionWindows } from './session-windows.ts';

const { toList, coAggregate, counting, mapping } = AggregateOperations;

interface Click {
  readonly user: string;
  readonly time: number;
}
const click = (user: string, time: number): Batch => rowBatch([{ user, time }], undefined, Float64Array.of(time));
const times = mapping((each: Click) => each.time, toList<number>());
const keyOfs = [({ user }: Click) => user];

describe.each(['generated', 'interpreted'] as const)('session windows, %s', (mode) => {
  const sessions = sessionWindows({
    window: { kind: 'session', gapMs: 10 },
    operation: times,
    keyOfs,
    inputCount: 1,
    mode,
  });

  it('end after the gap, by key, through saves and restores', async () => {
    await verifyProcessor(sessions)
      .input([
        click('b', 2),
        click('a', 1),
        click('a', 9),
        watermark(15),
        click('a', 30),
        watermark(40),
        click('b', 60),
      ])
      .expectOutput([
        { start: 2, end: 12, key: 'b', result: [2] },
        watermark(15),
        { start: 1, end: 19, key: 'a', result: [1, 9] },
        { start: 30, end: 40, key: 'a', result: [30] },
        watermark(40),
        { start: 60, end: 70, key: 'b', result: [60] },
      ]);
  });

  it('are merged by a row in between that comes later', async () => {
    await verifyProcessor(sessions)
      .input([click('a', 10), click('a', 25), watermark(12), click('a', 17), watermark(50)])
      .expectOutput([watermark(12), { start: 10, end: 35, key: 'a', result: [10, 25, 17] }, watermark(50)]);
  });

  it('leave out what is late', async () => {
    await verifyProcessor(sessions)
      .input([watermark(100), click('a', 90), click('a', 91), watermark(200)])
      .expectOutput([watermark(100), { start: 91, end: 101, key: 'a', result: [91] }, watermark(200)]);
  });

  it('take rows of several inputs, and without a key all rows', async () => {
    const together = sessionWindows({
      window: { kind: 'session', gapMs: 10 },
      operation: coAggregate(counting<Click>(), times),
      inputCount: 2,
      mode,
    });
    await verifyProcessor(together)
      .input([click('a', 1), click('b', 5)], 0)
      .input([click('c', 3), watermark(20)], 1)
      .expectOutput([{ start: 1, end: 15, result: [2, [3]] }, watermark(20)]);
  });

  it('rows without event times are refused', async () => {
    const run = verifyProcessor(sessions)
      .input([{ user: 'a' }])
      .expectOutput([]);
    await expect(run).rejects.toMatchObject({ cause: { code: { code: 'operators.no_timestamp' } } });
  });

  it('send late rows another way', async () => {
    await verifyProcessor(splitLate({ graceMs: 10, mode }), { edgeCount: 2 })
      .input([click('a', 1), watermark(30), click('a', 20), click('b', 21)])
      .expectOutputs([
        [{ user: 'a', time: 1 }, watermark(30), { user: 'b', time: 21 }],
        [watermark(30), { user: 'a', time: 20 }],
      ]);
  });
});

it('sessions give unfinished results from time to time', () => {
  let fire: () => void = () => undefined;
  const seen: unknown[] = [];
  const processor = sessionWindows({
    window: { kind: 'session', gapMs: 10, earlyMs: 5 },
    operation: times,
    keyOfs,
    inputCount: 1,
  })({ globalIndex: 0, totalParallelism: 1 });
  void processor.init!({
    outbox: { edgeCount: 1, offer: (item: Batch) => seen.push(...plainRows(item)) >= 0, offerTo: () => true },
    metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
    wake: () => undefined,
    clock: {
      ...systemClock,
      timer(_durationMs: number, callback: () => void) {
        fire = callback;
        return () => undefined;
      },
    },
  } as never);
  processor.process!(0, click('a', 1));
  expect(processor.woken!()).toBe(true);
  expect(seen).toEqual([]);
  fire();
  expect(processor.woken!()).toBe(true);
  expect(seen).toEqual([{ start: 1, end: 11, key: 'a', result: [1], isEarly: true }]);
});

it('sessions of rows in any order are those of the rows in order', () => {
  const parts = { create: () => [], combine: (left: unknown, right: unknown) => [...(left as []), ...(right as [])] };
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200 })), fc.integer({ min: 1, max: 20 }), (given, gapMs) => {
      const sessions: Session[] = [];
      for (const time of given) (sessionAt(sessions, time, gapMs, parts).accumulator as number[]).push(time);
      const expected: number[][] = [];
      for (const time of [...given].sort((a, b) => a - b)) {
        const last = expected.at(-1);
        if (last === undefined || time - last.at(-1)! >= gapMs) expected.push([time]);
        else last.push(time);
      }
      expect(
        sessions.map(({ startMs, endMs, accumulator }) => ({
          startMs,
          endMs,
          rows: [...(accumulator as number[])].sort((a, b) => a - b),
        })),
      ).toEqual(expected.map((rows) => ({ startMs: rows[0], endMs: rows.at(-1)! + gapMs, rows })));
    }),
  );
});
