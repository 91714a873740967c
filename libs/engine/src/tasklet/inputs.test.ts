import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type RowBatch, rowBatch } from '../contract/batch.ts';
import { barrier, END_OF_INPUT, IDLE, watermark } from '../contract/mark.ts';
import type { Item } from '../edge/item.ts';
import { LocalStream } from '../edge/local-stream.ts';
import { Inputs } from './inputs.ts';

const BOUNDS = { rowsMax: 1_000, bytesMax: 1_000_000 };

function open(count: number, options: { holdBack?: boolean; priorities?: number[] } = {}) {
  const streams = Array.from({ length: count }, () => new LocalStream(BOUNDS));
  const inputs = new Inputs(
    streams.map((reader, ordinal) => ({ ordinal, priority: options.priorities?.[ordinal] ?? 0, reader })),
    options.holdBack ?? true,
  );
  const put = (stream: number, ...items: Item[]) => {
    for (const item of items) streams[stream]!.put(item as typeof END_OF_INPUT);
  };
  return { inputs, put };
}

const row = (value: string) => rowBatch([value]);

/** Everything that can be read now; releases after each barrier as a tasklet does. */
function readAll(inputs: Inputs): unknown[] {
  const all: unknown[] = [];
  for (;;) {
    const item = inputs.next();
    if (item === undefined) return all;
    if (item.kind === 'barrier') inputs.release();
    all.push(item.kind === 'rows' ? (item as RowBatch).rows[0] : item);
  }
}

describe('inputs', () => {
  it('hold back a stream that has delivered the barrier until all have', () => {
    const { inputs, put } = open(2);
    put(0, row('a1'), barrier(1), row('a2'));
    put(1, row('b1'));
    expect(readAll(inputs)).toEqual(['a1', 'b1']);
    put(1, row('b2'), barrier(1), row('b3'));
    expect(readAll(inputs)).toEqual(['b2', barrier(1), 'a2', 'b3']);
  });

  it('without holding back read on, and the barrier comes when all have delivered it', () => {
    const { inputs, put } = open(2, { holdBack: false });
    put(0, barrier(1), row('a2'));
    expect(readAll(inputs)).toEqual(['a2']);
    put(1, row('b1'), barrier(1));
    expect(readAll(inputs)).toEqual(['b1', barrier(1)]);
  });

  it('count a stream that has ended as aligned', () => {
    const { inputs, put } = open(3);
    put(0, END_OF_INPUT);
    put(1, barrier(1), END_OF_INPUT);
    expect(readAll(inputs)).toEqual([]);
    put(2, row('c1'), END_OF_INPUT);
    expect(readAll(inputs)).toEqual(['c1', barrier(1)]);
    expect(inputs.hasEnded).toBe(true);
  });

  it('agree on the least watermark; a stream that has ended has no say', () => {
    const { inputs, put } = open(3);
    put(0, watermark(10));
    put(1, watermark(5));
    expect(readAll(inputs)).toEqual([]);
    put(2, watermark(7));
    expect(readAll(inputs)).toEqual([watermark(5)]);
    put(1, END_OF_INPUT);
    expect(readAll(inputs)).toEqual([watermark(7)]);
    put(2, watermark(6), watermark(20));
    expect(readAll(inputs)).toEqual([watermark(10)]);
  });

  it('drain lower numbers to their end before they read the next', () => {
    const { inputs, put } = open(3, { priorities: [2, 1, 2] });
    put(0, row('low'));
    put(1, row('high'));
    put(2, END_OF_INPUT);
    expect(inputs.isPrioritizing).toBe(true);
    expect(readAll(inputs)).toEqual(['high']);
    put(1, END_OF_INPUT);
    expect(readAll(inputs)).toEqual(['low']);
    expect(inputs.isPrioritizing).toBe(false);
    expect(inputs.hasEnded).toBe(false);
    put(0, END_OF_INPUT);
    expect(readAll(inputs)).toEqual([]);
    expect(inputs.hasEnded).toBe(true);
  });

  it('take turns', () => {
    const { inputs, put } = open(2);
    put(0, row('a1'), row('a2'));
    put(1, row('b1'), row('b2'));
    expect(readAll(inputs)).toEqual(['a1', 'b1', 'a2', 'b2']);
  });

  it('without a stream have ended from the start', () => {
    const { inputs } = open(0);
    expect(inputs.isEmpty).toBe(true);
    expect(inputs.hasEnded).toBe(true);
    expect(inputs.next()).toBeUndefined();
  });

  it('do not wait for the watermark of an idle stream, and do again when it comes back', () => {
    const { inputs, put } = open(2);
    put(0, watermark(10));
    put(1, watermark(5));
    expect(readAll(inputs)).toEqual([watermark(5)]);
    put(1, IDLE);
    expect(readAll(inputs)).toEqual([watermark(10)]);
    put(0, watermark(20));
    expect(readAll(inputs)).toEqual([watermark(20)]);
    put(1, row('late'), watermark(12));
    put(0, watermark(30));
    expect(readAll(inputs)).toEqual(['late']);
    put(1, watermark(25));
    expect(readAll(inputs)).toEqual([watermark(25)]);
  });

  it('are idle when all open streams are, say so once, and say when that is over', () => {
    const { inputs, put } = open(3);
    put(2, END_OF_INPUT);
    put(0, watermark(7));
    put(1, watermark(7));
    expect(readAll(inputs)).toEqual([watermark(7)]);
    put(0, IDLE);
    put(1, IDLE, IDLE);
    expect(readAll(inputs)).toEqual([IDLE]);
    put(1, watermark(7));
    expect(readAll(inputs)).toEqual([watermark(7)]);
  });

  it('rise to the furthest watermark before they rest, whichever stream became idle first', () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const { inputs, put } = open(2);
      put(0, watermark(5));
      put(1, watermark(20));
      for (const stream of order) put(stream, IDLE);
      expect(readAll(inputs).slice(-2)).toEqual([watermark(20), IDLE]);
    }
  });

  it('never let the watermark go back, whatever the streams say', () => {
    const step = fc.oneof(
      fc.record({ stream: fc.nat(2), item: fc.nat(50).map(watermark) }),
      fc.record({ stream: fc.nat(2), item: fc.constantFrom<Item>(IDLE, row('x'), END_OF_INPUT) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { inputs, put } = open(3);
        const ended = new Set<number>();
        const marks: number[] = [];
        let isIdle = false;
        for (const { stream, item } of steps) {
          if (ended.has(stream)) continue;
          if (item.kind === 'end') ended.add(stream);
          put(stream, item);
          for (const each of readAll(inputs)) {
            if (each === 'x') {
              isIdle = false;
              continue;
            }
            const { timeMs } = each as { timeMs: number };
            if (timeMs === Number.POSITIVE_INFINITY) {
              expect(isIdle).toBe(false);
              isIdle = true;
              continue;
            }
            expect(timeMs).toBeGreaterThanOrEqual(marks.at(-1) ?? 0);
            isIdle = false;
            marks.push(timeMs);
          }
        }
      }),
    );
  });
});
