import { describe, it } from '@jest/globals';
import { type Batch, type ColumnBatch, type ColumnSchema, rowBatch, watermark } from '@millrace/engine';
import { verifyProcessor } from '@millrace/testing';
import { AggregateOperations } from '../aggregate/aggregate-operations.ts';
import { chained } from '../chain/chained.ts';
import type { LoopMode } from '../contract/row-stage.ts';
import type { SlidingWindow } from '../contract/window.ts';
import { layoutOf } from '../state/accumulator-layout.ts';
import { accumulateFrames } from './accumulate-frames.ts';
import { combineFrames } from './combine-frames.ts';

interface Reading {
  readonly sensor: number;
  readonly value: number;
  readonly isValid: boolean;
}

const window: SlidingWindow = { kind: 'sliding', sizeMs: 10, slideMs: 5 };
const NUMBERS: ColumnSchema = {
  fields: [
    { name: 'sensor', type: 'int32' },
    { name: 'value', type: 'float64' },
    { name: 'isValid', type: 'boolean' },
  ],
};
/** A column that can not be put together with those of other batches. */
const WITH_ANY: ColumnSchema = { fields: [NUMBERS.fields[0]!, { name: 'value', type: 'any' }, NUMBERS.fields[2]!] };

const reading = (sensor: number, value: number, isValid = true): Reading => ({ sensor, value, isValid });
const inRows = (time: number, ...rows: readonly Reading[]): Batch =>
  rowBatch(rows, undefined, new Float64Array(rows.length).fill(time));

function inColumns(time: number, schema: ColumnSchema, ...rows: readonly Reading[]): ColumnBatch {
  const values = rows.map(({ value }) => value);
  const columns = [
    Int32Array.from(rows, ({ sensor }) => sensor),
    schema === WITH_ANY ? values : Float64Array.from(values),
    Uint8Array.from(rows, ({ isValid }) => (isValid ? 1 : 0)),
  ];
  const { length } = rows;
  const times = new Float64Array(length).fill(time);
  return { kind: 'columns', length, byteLength: 16 * length, schema, columns, times };
}

function listing(mode: LoopMode, stages: readonly { readonly filter: (row: Reading) => boolean }[]) {
  const layout = layoutOf(AggregateOperations.toList<Reading>(), 1);
  const keyOf = (row: Reading) => row.sensor;
  return chained([
    { name: 'accumulate', supplier: accumulateFrames({ stages, keyOf, window, layout, mode }) },
    { name: 'combine', supplier: combineFrames({ window, layout, isKeyed: true }) },
  ]);
}

describe.each<LoopMode>(['generated', 'interpreted'])('lists of rows that come in columns, %s', (mode) => {
  const valid = [{ filter: (row: Reading) => row.isValid }];

  it.each([
    ['numbers', NUMBERS],
    ['any values', WITH_ANY],
  ] as const)('of %s are lists of the same rows', async (_, schema) => {
    await verifyProcessor(listing(mode, valid))
      .input([
        inColumns(1, schema, reading(1, 0.5)),
        inColumns(2, schema, reading(2, 7, false)),
        inColumns(3, schema, reading(1, -0)),
        watermark(5),
        inColumns(6, schema, reading(1, 2)),
        watermark(20),
      ])
      .expectOutput([
        { start: -5, end: 5, key: 1, result: [reading(1, 0.5), reading(1, -0)] },
        watermark(5),
        { start: 0, end: 10, key: 1, result: [reading(1, 0.5), reading(1, -0), reading(1, 2)] },
        { start: 5, end: 15, key: 1, result: [reading(1, 2)] },
        watermark(20),
      ]);
  });

  it('keep the order of arrival where rows come in several forms', async () => {
    await verifyProcessor(listing(mode, []))
      .input([
        inColumns(1, NUMBERS, reading(1, 1)),
        inRows(1, reading(1, 2)),
        inColumns(2, NUMBERS, reading(1, 3)),
        inColumns(2, WITH_ANY, reading(1, 4)),
        inColumns(3, NUMBERS, reading(1, 5)),
        watermark(20),
      ])
      .expectOutput([
        { start: -5, end: 5, key: 1, result: [1, 2, 3, 4, 5].map((value) => reading(1, value)) },
        { start: 0, end: 10, key: 1, result: [1, 2, 3, 4, 5].map((value) => reading(1, value)) },
        watermark(20),
      ]);
  });

  it('leave late rows out', async () => {
    await verifyProcessor(listing(mode, []))
      .input([
        inColumns(12, NUMBERS, reading(1, 1)),
        watermark(11),
        inColumns(0, NUMBERS, reading(1, 2)),
        inColumns(13, NUMBERS, reading(1, 3)),
        watermark(20),
      ])
      .expectOutput([
        watermark(11),
        { start: 5, end: 15, key: 1, result: [reading(1, 1), reading(1, 3)] },
        { start: 10, end: 20, key: 1, result: [reading(1, 1), reading(1, 3)] },
        watermark(20),
      ]);
  });
});
