import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ESCAPED_BYTES_MAX, escapedLength, putString } from './json-bytes.ts';

/** Long runs of plain text, with something to escape anywhere. */
const text = fc
  .array(
    fc.tuple(fc.integer({ min: 0, max: 120 }), fc.constantFrom('', '"', '\\', '\n', '\u0000', '\u001f', 'é', '😀')),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.map(([length, sign]) => 'x'.repeat(length) + sign).join(''));

it('writes text of any length as JSON does', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 9 }), (value, at) => {
      const bytes = new TextEncoder().encode(value);
      const out = new Uint8Array(at + 2 + bytes.length * ESCAPED_BYTES_MAX);
      const end = putString(out, at, bytes, 0, bytes.length);
      expect(new TextDecoder().decode(out.subarray(at, end))).toBe(JSON.stringify(value));
      expect(end - at - 2).toBe(escapedLength(bytes, 0, bytes.length));
    }),
    { numRuns: 1_000 },
  );
});
