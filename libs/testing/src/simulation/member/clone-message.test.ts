import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cloneMessage } from './clone-message.ts';

const plain = fc.object({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true });

describe('a cloned message', () => {
  it('is equal and shares nothing that can change', () => {
    fc.assert(
      fc.property(plain, (message) => {
        const clone = cloneMessage(message);
        expect(isDeepStrictEqual(clone, message)).toBe(true);
        expect(clone).not.toBe(message);
      }),
    );
  });

  it('keeps a property of any name', () => {
    const message: unknown = JSON.parse('{"a":{"__proto__":{"b":1}}}');
    expect(JSON.stringify(cloneMessage(message))).toBe(JSON.stringify(message));
  });

  it('takes transferred buffers away from the sender and copies the others', () => {
    const moved = Float64Array.of(1, 2, 3);
    const copied = Int32Array.of(4, 5);
    const clone = cloneMessage({ moved, copied }, [moved.buffer]) as { moved: Float64Array; copied: Int32Array };
    expect(clone.moved).toBeInstanceOf(Float64Array);
    expect([...clone.moved]).toEqual([1, 2, 3]);
    expect(moved.length).toBe(0);
    copied[0] = 9;
    expect([...clone.copied]).toEqual([4, 5]);
  });

  it('keeps what is shared within it, and views on one buffer together', () => {
    const buffer = new ArrayBuffer(16);
    const shared = { n: 1 };
    const message = { a: shared, b: shared, whole: new Uint8Array(buffer), half: new Int32Array(buffer, 8) };
    const clone = cloneMessage(message) as typeof message;
    expect(clone.a).toBe(clone.b);
    clone.whole[8] = 7;
    expect(clone.half[0]).toBe(7);
  });

  it('loses the class of an object, as between real threads', () => {
    class Row {
      readonly n = 1;
      double(): number {
        return this.n * 2;
      }
    }
    const clone = cloneMessage(new Row());
    expect(clone).not.toBeInstanceOf(Row);
    expect(clone).toEqual({ n: 1 });
  });

  it('refuses functions', () => {
    expect(() => cloneMessage({ call: () => 1 })).toThrow('a function cannot be sent to another thread');
  });
});
