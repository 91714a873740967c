import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { derivedSchema } from '../change/encode-rows.ts';
import { type ColumnKind } from '../change/table-schema.ts';
import { type ParsedRow } from '../declared/declared-row.ts';
import { CsvParser } from './csv-parser.ts';
import { rowsParser } from './rows-parser.ts';

const schemaOf = (columns: Readonly<Record<string, ColumnKind>>) =>
  derivedSchema(
    'public',
    't',
    Object.entries(columns).map(([name, kind]) => ({ name, kind, sqlType: kind, key: name === 'id' })),
  );

const parse = (
  format: 'ndjson' | 'csv',
  columns: Readonly<Record<string, ColumnKind>>,
  text: string,
  pieceLength = 7,
) => {
  const parser = rowsParser(format, schemaOf(columns));
  const rows = [];
  for (let at = 0; at < text.length; at += pieceLength) rows.push(...parser.push(text.slice(at, at + pieceLength)));
  rows.push(...parser.end());
  return rows.map((row) => ({ ...(row as ParsedRow) }));
};

const one = (kind: ColumnKind, json: string): string | null | undefined =>
  parse('ndjson', { v: kind }, `{"v":${json},"other":{"v":1.5}}`)[0]!['v'];

describe('rows of NDJSON', () => {
  it.each<[ColumnKind, string, string | null]>([
    ['integer', '-7', '-7'],
    ['bigint', '9223372036854775807', '9223372036854775807'],
    ['bigint', '"9223372036854775807"', '9223372036854775807'],
    ['exact', '1.10', '1.10'],
    ['exact', '123456789012345678901234567890.000000000001', '123456789012345678901234567890.000000000001'],
    ['exact', '"NaN"', 'NaN'],
    ['float', '0.1', '0.1'],
    ['float', '"-Infinity"', '-Infinity'],
    ['boolean', 'true', 't'],
    ['boolean', '"f"', 'f'],
    ['json', '{"a":[1,null]}', '{"a":[1,null]}'],
    ['json', '"text"', '"text"'],
    ['timestamptz', '"2024-01-01T23:59:59.5Z"', '2024-01-01 23:59:59.5+00'],
    ['timestamptz', '"2024-01-01 23:59+05:30"', '2024-01-01 23:59:00+05:30'],
    ['timestamp', '"2024-01-01T23:59:59"', '2024-01-01 23:59:59'],
    ['timestamp', '"infinity"', 'infinity'],
    ['date', '"2024-02-29"', '2024-02-29'],
    ['time', '"12:34:56.789"', '12:34:56.789'],
    ['uuid', '"B9F1C4AE-7B1C-4B7C-A7D4-3F4A6A1F4F60"', 'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60'],
    ['bytea', '"AP8="', '\\x00ff'],
    ['text', '"a\\nb"', 'a\nb'],
    ['text', '{"a":1}', '{"a":1}'],
    ['text', 'null', null],
  ])('reads %s %s as %j', (kind, json, text) => {
    expect(one(kind, json)).toBe(text);
  });

  it.each<[ColumnKind, string, string]>([
    ['integer', '1.5', 'its "v" is not an integer'],
    ['boolean', '1', 'its "v" is neither true nor false'],
    ['timestamptz', '"2024-01-01T00:00:00"', 'its "v" lacks a time zone'],
    ['timestamp', '"2024-01-01T00:00:00Z"', 'its "v" has a time zone'],
    ['date', '"1.1.2024"', 'its "v" is not a date (YYYY-MM-DD)'],
    ['uuid', '"x"', 'its "v" is not a UUID'],
    ['bytea', '"x"', 'its "v" is not base64'],
    ['exact', '{}', 'its "v" is an object or array'],
  ])('refuses %s %s: %s', (kind, json, message) => {
    expect(() => one(kind, json)).toThrow(message);
  });

  it('skips blank lines, takes what columns there are, and wants the key', () => {
    expect(parse('ndjson', { id: 'integer', note: 'text' }, '{"id":1}\n\r\n  \n{"id":2,"x":1,"note":"n"}')).toEqual([
      { id: '1', note: null },
      { id: '2', note: 'n' },
    ]);
    expect(() => parse('ndjson', { id: 'integer' }, '{"x":1}')).toThrow('its "id" is missing, but part of the key');
    expect(() => parse('ndjson', { id: 'integer' }, '[1]')).toThrow('it is not an object');
    expect(() => parse('ndjson', { id: 'integer' }, '{"id":1')).toThrow('it is not JSON');
    const odd = Object.fromEntries<ColumnKind>([['toString', 'text']]);
    expect(parse('ndjson', odd, '{}')).toEqual([{ toString: null }]);
  });
});

describe('rows of CSV', () => {
  it('finds columns by the header, tells null from the empty text, and reads JSON and base64', () => {
    const text = '\uFEFFnote,"id",doc,raw,ok\r\n"a ""b""\nc",1,"{""a"":1}",AP8=,true\r\n,2,,"",f\n"",3,[],,t';
    const columns = { id: 'integer', note: 'text', doc: 'json', raw: 'bytea', ok: 'boolean' } as const;
    for (const pieceLength of [1, 3, 1_000])
      expect(parse('csv', columns, text, pieceLength)).toEqual([
        { id: '1', note: 'a "b"\nc', doc: '{"a":1}', raw: '\\x00ff', ok: 't' },
        { id: '2', note: null, doc: null, raw: '\\x', ok: 'f' },
        { id: '3', note: '', doc: '[]', raw: null, ok: 't' },
      ]);
  });

  it('says what is wrong', () => {
    expect(() => parse('csv', { id: 'integer', x: 'text' }, 'id,y\n1,2')).toThrow('the header has no column "x"');
    expect(() => parse('csv', { id: 'integer' }, 'id\n"1')).toThrow('a quoted value is not closed');
    expect(() => parse('csv', { id: 'integer' }, 'id,b\n1,a"b"c\n1,"a"c\n')).toThrow('quotes stand around');
    expect(() => parse('csv', { id: 'integer', doc: 'json' }, 'id,doc\n1,{')).toThrow('its "doc" is not JSON');
  });

  it('reads back any fields, cut anywhere', () => {
    const field = fc.option(fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', ' ', 'a', 'ü') }));
    const rows = fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 5 }), (expected, pieceLength) => {
        const text = expected
          .map((row) => row.map((value) => (value === null ? '' : `"${value.replaceAll('"', '""')}"`)).join(','))
          .join('\n');
        const parser = new CsvParser();
        const found = [];
        for (let at = 0; at < text.length; at += pieceLength)
          found.push(...parser.push(text.slice(at, at + pieceLength)));
        found.push(...parser.end());
        expect(found).toEqual(expected);
      }),
    );
  });
});
