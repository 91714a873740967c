import { describe, expect, it } from '@jest/globals';
import { inserts, loadedRows, tableOf } from '../test-support/events.ts';
import { LeftOut } from './left-out.ts';

const ORDERS = tableOf('orders');
const batch = inserts(ORDERS, 0, 10);

function slotsOf(leftOut: LeftOut, indexes: readonly number[]): number[] {
  for (const index of indexes) leftOut.add(batch, index, 'parked');
  return leftOut.takeUnwritten().map(([slot]) => slot);
}

describe('events that were left out', () => {
  it('get slots that are used again once a snapshot that holds them is committed', () => {
    const leftOut = new LeftOut(new Map(), []);
    expect(slotsOf(leftOut, [0, 1])).toEqual([0, 1]);
    leftOut.barrier(1);
    expect(slotsOf(leftOut, [2])).toEqual([2]);
    leftOut.barrier(2);
    leftOut.committed(1);
    leftOut.committed(1);
    expect(slotsOf(leftOut, [3, 4, 5]).toSorted((a, b) => a - b)).toEqual([0, 1, 3]);
    leftOut.committed(2);
    expect(slotsOf(leftOut, [6, 7])).toEqual([2, 4]);
  });

  it('keep the slots that the topic has in use, and are asked for once each', () => {
    const first = new LeftOut(new Map(), []);
    for (const index of [3, 4]) first.add(batch, index, 'parked');
    const texts = first.takeUnwritten().map(([, text]) => text);
    const found = new LeftOut(new Map([[1, texts[0]!]]), [texts[1]!]);
    expect(found.takeReason(batch, 2)).toBeUndefined();
    expect(found.takeReason(batch, 3)).toBe('parked');
    expect(found.expected).toEqual([texts[1]]);
    expect(slotsOf(found, [5, 6])).toEqual([0, 2]);
    expect(found.takeReason(batch, 4)).toBe('parked');
    expect(found.takeReason(batch, 4)).toBeUndefined();
  });

  it('are none of a table that is being loaded: those come again anyway', () => {
    const leftOut = new LeftOut(new Map(), []);
    leftOut.add(loadedRows(ORDERS, 0, 1), 0, 'parked');
    expect(leftOut.takeUnwritten()).toEqual([]);
  });
});
