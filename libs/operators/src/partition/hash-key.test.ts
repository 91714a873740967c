import { describe, expect, it } from '@jest/globals';
import { PARTITION_COUNT } from '@millrace/engine';
import fc from 'fast-check';
import type { Key } from '../contract/key.ts';
import { canonicalKey } from './canonical-key.ts';
import { hashKey, partitionOfKey } from './hash-key.ts';

const part = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.constantFrom('\u0000', '\u0000[', '\u0000s', '1', 'a', ''),
  fc.integer({ min: -2, max: 2 }),
  fc.double(),
  fc.bigInt({ min: -2n, max: 2n }),
  fc.boolean(),
  fc.constantFrom(null, undefined, 0, -0, Number.NaN, 1, 1n, '1'),
);
const key: fc.Arbitrary<Key> = fc.oneof(
  part,
  fc.array(part, { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 2 }), part, { maxKeys: 3 }),
);

/** Equality by content, spelled out. */
function equal(a: Key, b: Key): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null)
    return Object.is(a, b) || (a === 0 && b === 0);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Record<string, Key>;
  const right = b as Record<string, Key>;
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && equal(left[name]!, right[name]!))
  );
}

describe('keys', () => {
  it('are the same canonical value when, and only when, they are equal by content', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        const isSame = new Map([[canonicalKey(a), true]]).has(canonicalKey(b));
        expect(isSame).toBe(equal(a, b));
        if (isSame) expect(hashKey(a)).toBe(hashKey(b));
      }),
      { numRuns: 3_000 },
    );
  });

  it('have a partition that never changes', () => {
    // Saved state is kept by these numbers: a change of the hash would lose it.
    const values: Key[] = [
      1,
      42,
      -7,
      2 ** 40,
      1.5,
      'order-17',
      'Zürich',
      12n,
      2n ** 70n,
      true,
      null,
      [1, 'a'],
      { a: 1, b: 'x' },
    ];
    expect(values.map(partitionOfKey)).toEqual(GOLDEN_PARTITIONS);
  });

  it('spread evenly', () => {
    const counts = new Array<number>(PARTITION_COUNT).fill(0);
    for (let id = 0; id < 100_000; id++) counts[partitionOfKey(id)]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(270);
    expect(Math.max(...counts)).toBeLessThan(470);
  });
});

const GOLDEN_PARTITIONS = [163, 260, 154, 211, 9, 80, 50, 210, 105, 136, 182, 55, 241];
