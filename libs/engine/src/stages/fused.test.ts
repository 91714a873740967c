import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BATCH_ROWS_MAX, type Batch, type RowBatch, rowBatch } from '../contract/batch.ts';
import type { Outbox, ProcessorContext } from '../contract/processor.ts';
import { fused, type Stage } from './fused.ts';

/** Runs batches through fused stages with an outbox that refuses every other offer. */
function run(stages: readonly Stage[], inputs: readonly Batch[]): Batch[] {
  const processor = fused(stages)({ globalIndex: 0, totalParallelism: 1 });
  const output: Batch[] = [];
  let offers = 0;
  let refused: unknown;
  const outbox: Outbox = {
    edgeCount: 1,
    offer(item) {
      if (refused !== undefined) expect(item).toBe(refused);
      offers += 1;
      refused = offers % 2 === 1 ? item : undefined;
      if (refused === undefined) output.push(item as Batch);
      return refused === undefined;
    },
    offerTo: () => false,
  };
  void processor.init?.({ outbox } as ProcessorContext);
  for (const input of inputs) while (!processor.process!(0, input));
  return output;
}

const rowsOf = (batches: readonly Batch[]) => batches.flatMap((batch) => (batch as RowBatch<number>).rows);

/** A stage and what it does to a plain array. */
interface Case {
  readonly stage: Stage;
  readonly onArray: (rows: number[]) => number[];
}

const repeat = (row: number) => new Array<number>(row % 4).fill(row);

const stageCase: fc.Arbitrary<Case> = fc.oneof(
  fc
    .nat(5)
    .map((add): Case => ({ stage: { map: (row) => row + add }, onArray: (rows) => rows.map((row) => row + add) })),
  fc.integer({ min: 1, max: 4 }).map(
    (by): Case => ({
      stage: { filter: (row) => row % by === 0 },
      onArray: (rows) => rows.filter((row) => row % by === 0),
    }),
  ),
  fc.constant<Case>({ stage: { flatMap: repeat }, onArray: (rows) => rows.flatMap(repeat) }),
  fc.constant<Case>({
    stage: {
      transform: (batch) => {
        const rows = (batch as RowBatch<number>).rows.filter((row) => row < 1_000);
        return rows.length === 0 ? undefined : rowBatch(rows);
      },
    },
    onArray: (rows) => rows.filter((row) => row < 1_000),
  }),
);

describe('fused stages', () => {
  it('do what the array methods do, in any combination and over any batches', () => {
    fc.assert(
      fc.property(
        fc.array(stageCase, { minLength: 1, maxLength: 6 }),
        fc.array(fc.array(fc.nat(2_000), { maxLength: 50 }), { maxLength: 6 }),
        (cases, inputs) => {
          const output = run(
            cases.map((each) => each.stage),
            inputs.map((rows) => rowBatch(rows)),
          );
          expect(rowsOf(output)).toEqual(cases.reduce((rows, each) => each.onArray(rows), inputs.flat()));
        },
      ),
    );
  });

  it('cut what a flatMap blows up into batches of at most BATCH_ROWS_MAX rows', () => {
    const blowUp = (row: number) => Array.from({ length: 1_500 }, (_, i) => row * 1_500 + i);
    const output = run([{ flatMap: blowUp }], [rowBatch([0, 1, 2])]);
    expect(output.map((batch) => batch.length)).toEqual([1_024, 1_024, 1_024, 1_024, 404]);
    expect(Math.max(...output.map((batch) => batch.length))).toBeLessThanOrEqual(BATCH_ROWS_MAX);
    expect(rowsOf(output)).toEqual(Array.from({ length: 4_500 }, (_, i) => i));
  });

  it('pass a batch on untouched without stages, and drop what transform drops', () => {
    const batch = rowBatch([1]);
    expect(run([], [batch])).toEqual([batch]);
    expect(run([{ transform: () => undefined }], [batch])).toEqual([]);
  });

  it('say so when a row stage meets bytes', () => {
    const bytes: Batch = { kind: 'bytes', format: 'x', length: 1, byteLength: 1 };
    expect(() => run([{ map: (row) => row }], [bytes])).toThrow('row stages read row batches, not bytes');
  });
});
