import { describe, expect, it } from '@jest/globals';
import { testPostgres } from '@millrace/testing';
import fc from 'fast-check';
import { sortValueOf } from './sort-value.ts';

const digits = fc.stringMatching(/^-?\d{1,12}(\.\d{1,8})?$/);
const cases: readonly (readonly [type: string, oid: number, texts: fc.Arbitrary<string>])[] = [
  ['numeric', 1700, fc.oneof(digits, fc.constantFrom('NaN', 'Infinity', '-Infinity', '0.0'))],
  ['bigint', 20, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)],
  ['text COLLATE "C"', 25, fc.string({ unit: 'grapheme', maxLength: 6 }).filter((text) => !text.includes('\0'))],
  ['bpchar COLLATE "C"', 1042, fc.stringMatching(/^[a-z A-Z]{0,6}$/)],
  ['bytea', 17, fc.uint8Array({ maxLength: 5 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`)],
  ['uuid', 2950, fc.uuid()],
  [
    'timestamp',
    1114,
    fc
      .tuple(fc.integer({ min: -4_000, max: 20_000 }), fc.integer({ min: 0, max: 86_399_999_999 }))
      .map(
        ([year, us]) => `${String(Math.abs(year) || 1).padStart(4, '0')}-06-01 00:00:00${year < 0 ? ' BC' : ''}#${us}`,
      ),
  ],
];

describe('sortValueOf', () => {
  it.each(cases)('agrees with the server about any %s', async (type, oid, texts) => {
    const server = await testPostgres();
    await using database = await server.createDatabase('sort');
    const sample = fc.sample(texts, { numRuns: 400, seed: 7 });
    const [name, collate = ''] = type.split(/(?= COLLATE)/);
    const value =
      oid === 1114
        ? "split_part(x, '#', 1)::timestamp + split_part(x, '#', 2)::bigint * interval '1 us'"
        : `x::${name}`;
    const rows = await database.query<{ value: string; rank: string }>(
      `SET bytea_output = hex; SELECT value::text, dense_rank() OVER (ORDER BY value${collate}) AS rank FROM (SELECT ${value} AS value FROM jsonb_array_elements_text('${JSON.stringify(sample).replaceAll("'", "''")}') x) s ORDER BY 2`,
    );
    expect(rows).toHaveLength(sample.length);
    const convert = sortValueOf(oid, true)!;
    for (let at = 1; at < rows.length; at++) {
      const [before, after] = [rows[at - 1]!, rows[at]!];
      const compared =
        convert(before.value) < convert(after.value) ? -1 : convert(before.value) === convert(after.value) ? 0 : 1;
      expect([before.value, after.value, compared]).toEqual([
        before.value,
        after.value,
        before.rank === after.rank ? 0 : -1,
      ]);
    }
  });
});
