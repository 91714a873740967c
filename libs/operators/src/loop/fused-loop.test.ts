import { describe, expect, it } from '@jest/globals';
import {
  BATCH_ROWS_MAX,
  type Batch,
  type ColumnBatch,
  type Outbox,
  type ProcessorContext,
  type RowBatch,
  rowBatch,
} from '@millrace/engine';
import { MillraceError } from '@millrace/kernel';
import fc from 'fast-check';
import type { LoopMode } from '../contract/row-stage.ts';
import { type FusedStage, fusedLoop } from './fused-loop.ts';

/** Runs batches through fused stages with an outbox that refuses every other offer. */
function run(stages: readonly FusedStage[], inputs: readonly Batch[], mode: LoopMode = 'generated'): Batch[] {
  const processor = fusedLoop(stages, mode)({ globalIndex: 0, totalParallelism: 1 });
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

const MODES: readonly LoopMode[] = ['generated', 'interpreted'];
const rowsOf = (batches: readonly Batch[]) => batches.flatMap((batch) => (batch as RowBatch<number>).rows);
const timesOf = (batches: readonly Batch[]) => batches.flatMap((batch) => [...((batch as RowBatch).times ?? [])]);

/** A stage and what it does to a plain array. */
interface Case {
  readonly stage: FusedStage;
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
  fc.constant<Case>({ stage: { peek: () => undefined }, onArray: (rows) => rows }),
  fc.constant<Case>({
    stage: {
      transform: (batch) => {
        const kept = (batch as RowBatch<number>).rows.filter((row) => row < 1_000);
        return kept.length === 0 ? undefined : rowBatch(kept);
      },
    },
    onArray: (rows) => rows.filter((row) => row < 1_000),
  }),
);

describe.each(MODES)('fused stages, %s', (mode) => {
  it('do what the array methods do, in any combination and over any batches', () => {
    fc.assert(
      fc.property(
        fc.array(stageCase, { minLength: 1, maxLength: 6 }),
        fc.array(fc.array(fc.nat(2_000), { maxLength: 50 }), { maxLength: 6 }),
        (cases, inputs) => {
          const stages = cases.map((each) => each.stage);
          const output = run(
            stages,
            inputs.map((rows) => rowBatch(rows)),
            mode,
          );
          expect(rowsOf(output)).toEqual(cases.reduce((rows, each) => each.onArray(rows), inputs.flat()));
        },
      ),
    );
  });

  it('cut what a flatMap blows up into batches of at most BATCH_ROWS_MAX rows', () => {
    const blowUp = (row: number) => Array.from({ length: 1_500 }, (_, i) => row * 1_500 + i);
    const output = run([{ flatMap: blowUp }], [rowBatch([0, 1, 2])], mode);
    expect(Math.max(...output.map((batch) => batch.length))).toBeLessThanOrEqual(BATCH_ROWS_MAX);
    expect(rowsOf(output)).toEqual(Array.from({ length: 4_500 }, (_, i) => i));
  });

  it('pass a batch on untouched without stages, and drop what transform drops', () => {
    const batch = rowBatch([1]);
    expect(run([], [batch], mode)).toEqual([batch]);
    expect(run([{ transform: () => undefined }], [batch], mode)).toEqual([]);
  });

  it('keep the event time of every row, or give it one', () => {
    const stages: FusedStage[] = [
      { filter: (row) => row > 1 },
      { flatMap: (row) => [row, -row] },
      { map: (row) => row * 10 },
    ];
    const timed = rowBatch([1, 2, 3], undefined, Float64Array.of(100, 200, 300));
    const output = run(stages, [timed], mode);
    expect(rowsOf(output)).toEqual([20, -20, 30, -30]);
    expect(timesOf(output)).toEqual([200, 200, 300, 300]);
    expect(timesOf(run([{ assignTime: (row) => row * 2 }, { map: () => 0 }], [timed, rowBatch([4])], mode))).toEqual([
      2, 4, 6, 8,
    ]);
    expect((run([{ map: (row) => row }], [rowBatch([1])], mode)[0] as RowBatch).times).toBeUndefined();
  });

  it('read columns of every type, with nulls, under any names', () => {
    const batch: ColumnBatch = {
      kind: 'columns',
      length: 2,
      byteLength: 0,
      schema: {
        fields: [
          { name: 'id', type: 'int32' },
          { name: 'a "b" \n', type: 'float64' },
          { name: 'big', type: 'int64' },
          { name: 'yes', type: 'boolean' },
          { name: 'text', type: 'string' },
          { name: '__proto__', type: 'any' },
        ],
      },
      columns: [
        Int32Array.of(1, 2),
        Float64Array.of(0.5, 0),
        BigInt64Array.of(1n << 60n, -1n),
        Uint8Array.of(1, 0),
        { text: 'äbc', offsets: Uint32Array.of(0, 2, 3) },
        [{ deep: 1 }, undefined],
      ],
      nulls: [undefined, Uint8Array.of(0, 1), undefined, undefined, undefined, undefined],
    };
    const rows = rowsOf(run([{ map: (row) => Object.entries(row) }], [batch], mode)) as unknown[];
    expect(rows).toEqual([
      [
        ['id', 1],
        ['a "b" \n', 0.5],
        ['big', 1n << 60n],
        ['yes', true],
        ['text', 'äb'],
        ['__proto__', { deep: 1 }],
      ],
      [
        ['id', 2],
        ['a "b" \n', null],
        ['big', -1n],
        ['yes', false],
        ['text', 'c'],
        ['__proto__', undefined],
      ],
    ]);
  });

  it('say which stage failed, at which row, and why', () => {
    const stages: FusedStage[] = [
      { map: (row) => row },
      {
        filter: (row) => {
          if (row === 7) throw new TypeError('seven');
          return true;
        },
      },
    ];
    let failure: unknown;
    try {
      run(stages, [rowBatch([5, 6, 7, 8])], mode);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(MillraceError);
    const { code, message, details, cause } = failure as MillraceError;
    expect([code.code, details]).toEqual(['operators.user_function_failed', { index: 2, stage: 1 }]);
    expect(message).toContain('in stage 2 of 2 (filter): TypeError: seven');
    expect(cause).toBeInstanceOf(TypeError);
  });

  it('say so when a row stage meets bytes', () => {
    const bytes: Batch = { kind: 'bytes', format: 'x', length: 1, byteLength: 1 };
    expect(() => run([{ map: (row) => row }], [bytes], mode)).toThrow('row stages read rows');
  });
});
