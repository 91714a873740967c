import { describe, expect, it } from '@jest/globals';
import type { VertexState } from '@millrace/engine';
import fc from 'fast-check';
import { decodeState, encodeState } from './state-codec.ts';

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const counts = fc.record({ rowsIn: count, rowsOut: count, deadLetters: count, skippedRows: count, lateRows: count });

const states: fc.Arbitrary<VertexState[]> = fc.array(
  fc.record(
    {
      vertex: fc.string({ unit: 'grapheme' }),
      counts,
      entries: fc.array(
        fc.record({
          partition: fc.integer({ min: -1, max: 270 }),
          key: fc.string({ unit: 'grapheme' }),
          value: fc.uint8Array({ maxLength: 50 }),
        }),
        { maxLength: 5 },
      ),
    },
    { requiredKeys: ['vertex', 'entries'] },
  ),
  { maxLength: 4 },
);

describe('encoded state', () => {
  it('comes back as it was', () => {
    fc.assert(fc.property(states, (state) => expect(decodeState(encodeState(state))).toEqual(state)));
  });

  it('is read in the layout that had no counts', () => {
    const old = Buffer.concat([Buffer.from('MRST\x01\0\0\0\x01\0\0\0\x01v\0\0\0\0', 'latin1')]);
    expect(decodeState(old)).toEqual([{ vertex: 'v', entries: [] }]);
  });

  it('is refused when cut short, made longer, or not a state', () => {
    fc.assert(
      fc.property(states, fc.nat(), (state, at) => {
        const bytes = encodeState(state);
        expect(() => decodeState(bytes.subarray(0, at % bytes.length))).toThrow(/cannot be read/);
        expect(() => decodeState(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(/1 bytes are left over/);
      }),
    );
    expect(() => decodeState(Buffer.from('{"vertices":[]}'))).toThrow(/does not begin with the magic/);
  });
});
