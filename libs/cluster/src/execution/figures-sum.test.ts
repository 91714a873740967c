import { expect, it } from '@jest/globals';
import { sumPerVertex } from './figures-sum.ts';

it('figures of a vertex are summed over its instances, lag is that of the worst', () => {
  const instance = (vertex: string, globalIndex: number, rowsIn: number, custom: Record<string, number>) => ({
    vertex,
    globalIndex,
    rowsIn,
    rowsOut: rowsIn * 2,
    busyMs: 1,
    custom,
  });
  expect(
    sumPerVertex([
      instance('source', 0, 0, { lagMs: 5, lagBytes: 100, loadRows: 7 }),
      instance('sink', 0, 10, { latencyMs: 3, rowsWritten: 10 }),
      instance('sink', 1, 20, { latencyMs: 9, rowsWritten: 20 }),
    ]),
  ).toEqual([
    {
      vertex: 'source',
      globalIndex: -1,
      rowsIn: 0,
      rowsOut: 0,
      busyMs: 1,
      custom: { lagMs: 5, lagBytes: 100, loadRows: 7 },
    },
    { vertex: 'sink', globalIndex: -1, rowsIn: 30, rowsOut: 60, busyMs: 2, custom: { latencyMs: 9, rowsWritten: 30 } },
  ]);
});
