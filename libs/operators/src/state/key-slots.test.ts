import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Key } from '../contract/key.ts';
import { canonicalKey } from '../partition/canonical-key.ts';
import { partitionOfKey } from '../partition/hash-key.ts';
import { KeySlots } from './key-slots.ts';

const anyKey: fc.Arbitrary<Key> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -20, max: 20 }) },
  { weight: 1, arbitrary: fc.constantFrom<Key>('a', 2 ** 40, 1n, null, [1, 'a'], 0.5) },
);

describe('key slots', () => {
  it('keep keys apart and together as a Map does, while keys come and go', () => {
    const step = fc.record({ key: anyKey, isRemoved: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const slots = new KeySlots();
        const model = new Map<unknown, number>();
        for (const { key, isRemoved } of steps) {
          const canonical = canonicalKey(key);
          const known = model.get(canonical);
          if (isRemoved) {
            if (known === undefined) continue;
            slots.remove(known);
            model.delete(canonical);
            continue;
          }
          const slot = slots.slotOf(key);
          if (known !== undefined) expect(slot).toBe(known);
          else expect([...model.values()]).not.toContain(slot);
          model.set(canonical, slot);
          expect(canonicalKey(slots.keyOf(slot))).toBe(canonical);
          expect(slots.partitions[slot]).toBe(partitionOfKey(key));
        }
        expect(slots.usedCount).toBe(model.size);
      }),
      { numRuns: 500 },
    );
  });

  it('intern many integers at once, grow, and remove every second', () => {
    const slots = new KeySlots();
    const keys = Int32Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 2_654_435_761));
    const found = new Int32Array(keys.length);
    slots.intern(keys, keys.length, found);
    expect(new Set(found).size).toBe(keys.length);
    for (let i = 0; i < keys.length; i += 2) slots.remove(found[i]!);
    const again = new Int32Array(keys.length);
    slots.intern(keys, keys.length, again);
    for (let i = 1; i < keys.length; i += 2) expect(again[i]).toBe(found[i]);
    expect(slots.usedCount).toBe(keys.length);
    expect(slots.size).toBe(keys.length);
  });

  it('keep integers apart and together whether they lie close together or not, and change from one to the other', () => {
    const range = fc.constantFrom(1, 3, 1_000, 2 ** 20);
    const base = fc.constantFrom(0, -5_000, 2 ** 28 - 5_000, -(2 ** 31), 2 ** 31 - 5_000);
    const step = fc.record({ range, base, isKept: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const slots = new KeySlots();
        const model = new Map<number, number>();
        for (const [round, { range: spread, base: first, isKept }] of steps.entries()) {
          const keys = Int32Array.from({ length: 5_000 }, (_, at) => first + Math.imul(at, spread));
          const found = new Int32Array(keys.length);
          slots.intern(keys, keys.length, found);
          for (const [at, key] of keys.entries()) {
            const known = model.get(key);
            if (known !== undefined && known !== found[at])
              throw new Error(`${key} has slots ${known} and ${found[at]}`);
            model.set(key, found[at]!);
          }
          if (isKept) continue;
          slots.removeWhere((slot) => slot % 3 === round % 3);
          for (const [key, slot] of model) if (slot % 3 === round % 3) model.delete(key);
        }
        expect(new Set(model.values()).size).toBe(model.size);
        expect(slots.usedCount).toBe(model.size);
        for (const [key, slot] of model) if (slots.keyOf(slot) !== key) throw new Error(`slot ${slot} is not ${key}'s`);
      }),
      { numRuns: 60 },
    );
  });

  it('need no more memory for integers far apart than a hash table does, and less for those close together', () => {
    const bytesFor = (spread: number): number => {
      const slots = new KeySlots();
      const keys = Int32Array.from({ length: 100_000 }, (_, at) => Math.imul(at, spread));
      slots.intern(keys, keys.length, new Int32Array(keys.length));
      return slots.byteLength - slots.capacity * 6;
    };
    expect(bytesFor(1)).toBeLessThan(100_000 * 6);
    expect(bytesFor(1_000_003)).toBeLessThanOrEqual(2 ** 18 * 8);
  });

  it('forget many keys at once, or all, and give their slots to others', () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant('keep'), modulus: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ what: fc.constant('clear'), modulus: fc.constant(0) }),
      fc.record({ what: fc.constant('intern'), modulus: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ what: fc.constant('intern any'), modulus: fc.integer({ min: 1, max: 9 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const slots = new KeySlots();
        const model = new Map<unknown, number>();
        for (const { what, modulus } of steps) {
          if (what === 'clear') {
            slots.clear();
            model.clear();
          } else if (what === 'keep') {
            const isKept = (slot: number) => slot % modulus === 0;
            slots.removeWhere((slot) => !isKept(slot));
            for (const [key, slot] of model) if (!isKept(slot)) model.delete(key);
          } else {
            const make = (n: number): Key => (what === 'intern' ? n * modulus : `${n * modulus}`);
            const keys = Array.from({ length: 3_000 }, (_, n) => make(n));
            const found = new Int32Array(keys.length);
            slots.intern(what === 'intern' ? Int32Array.from(keys as number[]) : keys, keys.length, found);
            for (const [index, key] of keys.entries()) {
              const slot = found[index]!;
              if (model.has(key) && model.get(key) !== slot) throw new Error(`key ${index} has moved`);
              model.set(key, slot);
            }
          }
          expect(slots.usedCount).toBe(model.size);
          expect(new Set(model.values()).size).toBe(model.size);
          for (const [key, slot] of model)
            if (slots.keyOf(slot) !== key) throw new Error(`slot ${slot} has lost its key`);
        }
      }),
      { numRuns: 60 },
    );
  });
});
