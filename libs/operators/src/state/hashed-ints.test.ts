import { describe, expect, it } from '@jest/globals';
import { HashedInts } from './hashed-ints.ts';
import { PagedInts } from './paged-ints.ts';

const KEYS = 100_000;
const keysApart = (spread: number) => Int32Array.from({ length: KEYS }, (_, at) => at * spread);

function hashed(keys: Int32Array): HashedInts {
  let slots = 0;
  const table = new HashedInts(() => slots++);
  table.intern(keys, 0, keys.length, new Int32Array(keys.length));
  return table;
}

describe('a hash table of integers', () => {
  it('is dense while its keys lie close together, and not when one lies far away', () => {
    const table = hashed(keysApart(1));
    expect(table.isDense).toBe(true);
    table.put(2 ** 27, KEYS);
    expect(table.isDense).toBe(false);
    expect(hashed(Int32Array.of(-1)).isDense).toBe(false);
  });

  it('is dense only where a table in pages can take twice as many places for each key', () => {
    const table = hashed(keysApart(3));
    expect(table.isDense).toBe(true);
    let slots = 0;
    const pages = new PagedInts(() => slots++, table.greatest);
    for (const [slot, key] of keysApart(3).entries()) pages.put(key, slot);
    const sparser = Int32Array.from({ length: KEYS / 2 }, (_, at) => table.greatest + 8 * at);
    expect(pages.intern(sparser, 0, sparser.length, new Int32Array(sparser.length))).toBe(sparser.length);
    expect(hashed(keysApart(6)).isDense).toBe(false);
  });
});
