import { describe, expect, it } from '@jest/globals';
import { FLAG_LOADING, NO_TRANSACTION } from './change-batch.ts';
import { derivedSchema, encodeRows } from './encode-rows.ts';
import { changeEvents, UNCHANGED } from './rows.ts';
import type { ColumnKind } from './table-schema.ts';

const schema = derivedSchema('jobs', 'per_minute', [
  { name: 'start', kind: 'timestamptz', sqlType: 'timestamp with time zone', key: true },
  { name: 'country', kind: 'text', sqlType: 'text', key: true },
  { name: 'orders', kind: 'bigint', sqlType: 'bigint' },
  { name: 'extra', kind: 'json', sqlType: 'jsonb' },
]);
const options = { receivedMs: 5 };

describe('encodeRows', () => {
  it('makes events that decode to the same values', () => {
    const batch = encodeRows(
      schema,
      [
        { start: 0, country: 'DE', orders: 3n, extra: { a: [1, 'ü'] } },
        { start: new Date(60_000), country: '', orders: 4, extra: null },
        { start: '1970-01-01 00:02:00+00', country: '😀', extra: UNCHANGED },
      ],
      options,
    );
    expect(changeEvents(batch).map(({ op, after, before }) => ({ op, before, after: { ...after } }))).toEqual([
      {
        op: 'c',
        before: null,
        after: { start: '1970-01-01 00:00:00.000+00', country: 'DE', orders: 3n, extra: '{"a":[1,"ü"]}' },
      },
      { op: 'c', before: null, after: { start: '1970-01-01 00:01:00.000+00', country: '', orders: 4n, extra: null } },
      {
        op: 'c',
        before: null,
        after: { start: '1970-01-01 00:02:00+00', country: '😀', orders: null, extra: UNCHANGED },
      },
    ]);
    expect(batch.receivedMs).toBe(5);
  });

  it('marks them so that no sink counts them as progress', () => {
    const batch = encodeRows(schema, [{ start: 0, country: 'DE' }], options);
    expect([...batch.flags.subarray(0, 1)]).toEqual([FLAG_LOADING]);
    expect([...batch.transactionOf.subarray(0, 1)]).toEqual([NO_TRANSACTION]);
    expect(batch.transactions).toEqual([]);
  });

  it('deletes by key', () => {
    const [event] = changeEvents(
      encodeRows(schema, [{ start: 0, country: 'DE', orders: 1 }], { ...options, isDelete: () => true }),
    );
    expect(event).toMatchObject({ op: 'd', after: null, isLoading: true });
    expect({ ...event!.before }).toEqual({ start: '1970-01-01 00:00:00.000+00', country: 'DE' });
  });

  it('takes any number of rows', () => {
    const rows = Array.from({ length: 3_000 }, (_, n) => ({ start: n, country: 'x'.repeat(n % 200), orders: n }));
    const events = changeEvents(encodeRows(schema, rows, options));
    expect(events.map(({ after }) => after!.orders)).toEqual(rows.map(({ orders }) => BigInt(orders)));
    expect(encodeRows(schema, [], options).length).toBe(0);
  });

  it.each([null, undefined])('refuses a key of %s', (country) => {
    expect(() => encodeRows(schema, [{ start: 0, country }], options)).toThrow('no value in its key column "country"');
  });

  const column = (kind: ColumnKind) => derivedSchema('s', 't', [{ name: 'v', kind, sqlType: kind }]);
  it.each<[ColumnKind, unknown, string]>([
    ['boolean', true, 't'],
    ['boolean', false, 'f'],
    ['integer', -7, '-7'],
    ['integer', -0, '0'],
    ['float', 1.5e300, '1.5e+300'],
    ['float', Number.NEGATIVE_INFINITY, '-Infinity'],
    ['exact', '12345678901234567890.10', '12345678901234567890.10'],
    ['bytea', Uint8Array.of(0, 255), '\\x00ff'],
    ['date', new Date('2026-02-03T04:05:06Z'), '2026-02-03'],
    ['timestamp', 1.5, '1970-01-01 00:00:00.001'],
    ['json', true, 'true'],
    ['text', 5, '5'],
  ])('writes %s %p as %s', (kind, value, text) => {
    const batch = encodeRows(column(kind), [{ v: value }], options);
    expect(
      Buffer.from(batch.bytes)
        .subarray(7, 7 + text.length)
        .toString(),
    ).toBe(text);
  });

  it.each<[ColumnKind, unknown]>([
    ['integer', 1.5],
    ['bigint', 2 ** 53],
    ['boolean', 1],
    ['timestamptz', Number.NaN],
    ['timestamptz', new Date(Number.NaN)],
    ['timestamptz', 9e15],
    ['text', { a: 1 }],
    ['json', { a: 1n }],
    ['text', Symbol('x')],
    ['integer', true],
  ])('refuses %s %p', (kind, value) => {
    expect(() => encodeRows(column(kind), [{ v: value }], options)).toThrow(
      expect.objectContaining({ code: expect.objectContaining({ code: 'formats.value_unsupported' }) }),
    );
  });
});
