import { describe, expect, it } from '@jest/globals';
import { PgSnapshot } from './pg-snapshot.ts';

describe('PgSnapshot', () => {
  it('sees what ended before it began, and nothing that ran or came later', () => {
    const snapshot = PgSnapshot.parse('100:110:100,105');
    const seen = [99, 100, 101, 104, 105, 109, 110, 111].filter((xid) => snapshot.sees(xid));
    expect(seen).toEqual([99, 101, 104, 109]);
  });

  it('takes the epoch of a 32-bit id from the snapshot, on both sides of a wraparound', () => {
    const epoch = 7 * 2 ** 32;
    const after = PgSnapshot.parse(`${epoch + 2}:${epoch + 10}:${epoch + 2}`);
    expect([2 ** 32 - 3, 1, 2, 3, 10].map((xid) => after.sees(xid))).toEqual([true, true, false, true, false]);
    const before = PgSnapshot.parse(`${epoch - 5}:${epoch - 2}:`);
    expect([2 ** 32 - 6, 2 ** 32 - 2, 1].map((xid) => before.sees(xid))).toEqual([true, false, false]);
  });
});
