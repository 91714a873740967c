import { describe, expect, it } from '@jest/globals';
import { sortValueOf } from './sort-value.ts';

const ordered: readonly (readonly [name: string, oid: number, texts: readonly string[]])[] = [
  ['int8', 20, ['-9223372036854775808', '-1', '0', '9007199254740993', '9223372036854775807']],
  [
    'numeric',
    1700,
    [
      '-Infinity',
      '-100.5',
      '-100.45',
      '-100',
      '-2',
      '-0.051',
      '-0.05',
      '0',
      '0.0049',
      '0.005',
      '0.05',
      '1',
      '1.45',
      '1.5',
      '2',
      '10',
      '99999999999999999999.1',
      'Infinity',
      'NaN',
    ],
  ],
  [
    'date',
    1082,
    [
      '-infinity',
      '4713-01-01 BC',
      '0044-03-15 BC',
      '0001-01-01',
      '0999-12-31',
      '2024-01-31',
      '10000-01-01',
      'infinity',
    ],
  ],
  [
    'timestamptz',
    1184,
    [
      '-infinity',
      '0001-12-31 23:59:59+00 BC',
      '2024-01-31 11:59:59.999999+00',
      '2024-01-31 12:00:00+00',
      '2024-01-31 12:00:00.45+00',
      '2024-01-31 12:00:00.5+00',
      'infinity',
    ],
  ],
  [
    'uuid',
    2950,
    [
      '00000000-0000-0000-0000-000000000000',
      '0fffffff-0000-0000-0000-000000000000',
      'a0000000-0000-0000-0000-000000000000',
    ],
  ],
  ['bytea', 17, ['\\x', '\\x00', '\\x0001', '\\x01', '\\xff']],
  ['text in byte order', 25, ['', 'A', 'Ab', 'a', 'a ', 'é', '\uffee', '😀']],
];

describe('sortValueOf', () => {
  it.each(ordered)('orders %s as PostgreSQL does', (_, oid, texts) => {
    const convert = sortValueOf(oid, true)!;
    const values = texts.map(convert);
    for (let i = 0; i < values.length; i++) {
      for (let j = 0; j < values.length; j++)
        expect([texts[i], texts[j], values[i]! < values[j]!]).toEqual([texts[i], texts[j], i < j]);
    }
  });

  it('makes one value of equal numerics and of padded characters', () => {
    expect(sortValueOf(1700, true)!('1.50')).toBe(sortValueOf(1700, true)!('1.5'));
    expect(sortValueOf(1700, true)!('-0.00')).toBe(sortValueOf(1700, true)!('0'));
    expect(sortValueOf(1042, true)!('ab   ')).toBe(sortValueOf(1042, true)!('ab'));
  });

  it('leaves to the server what only the server can order', () => {
    expect(sortValueOf(25, false)).toBeUndefined();
    expect(sortValueOf(701, true)).toBeUndefined();
  });
});
