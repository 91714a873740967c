import { expect, it } from '@jest/globals';
import { declaredSchema } from './declared-columns.ts';
import { declaredRowOfObject } from './declared-row.ts';
import { parseExact } from './exact-json.ts';

it('keeps digits that JavaScript rounds, at any depth, and in documents', () => {
  const text = '{"a":{"id":9007199254740993,"n":1.10,"e":1e400,"doc":{"x":[12345678901234567890]},"f":0.1,"i":7}}';
  const { a } = parseExact(text) as { readonly a: Readonly<Record<string, unknown>> };
  const columns = { id: 'bigint', n: 'numeric', e: 'numeric', doc: 'jsonb', f: 'real', i: 'integer' } as const;
  const schema = declaredSchema({ table: 'public.t', columns, key: [] });
  expect({ ...declaredRowOfObject(schema.columns, a) }).toEqual({
    id: '9007199254740993',
    n: '1.10',
    e: '1e400',
    doc: '{"x":[12345678901234567890]}',
    f: '0.1',
    i: '7',
  });
  expect(JSON.stringify(parseExact(text))).toBe(text);
  expect(() => parseExact('{"a":1.5')).toThrow(SyntaxError);
});
