import { describe, expect, it } from '@jest/globals';
import { MillraceError } from '@millrace/kernel';
import { compileAggregate, compileExpression, referencedColumns, type Scope, type SqlValue } from './index.ts';

const columns = {
  id: 'int4',
  total: 'numeric',
  name: 'text',
  big: 'int8',
  paid: 'boolean',
  at: 'timestamptz',
  data: 'jsonb',
};
const names = Object.keys(columns);
const scope: Scope = {
  resolve(path) {
    const name = path.length === 1 ? path[0]! : path[0] === 'after' ? path[1]! : '';
    const slot = names.indexOf(name);
    return slot < 0 ? undefined : { type: { name: Object.values(columns)[slot]! }, slot };
  },
  names: () => names.map((name) => `after.${name}`),
};
const failure = (text: string, expects?: { name: string }): MillraceError => {
  try {
    compileExpression(text, scope, { pointer: '/stages/a/filter', expects });
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};
const value = (text: string, row: readonly SqlValue[] = []): SqlValue =>
  compileExpression(text, scope, { pointer: '' }).evaluate((slot) => row[slot] ?? null);

describe('a mistake is refused with its place and its repair', () => {
  it.each([
    ['after.id +', 'sql.syntax', 'after.id +\n            ^', /PostgreSQL/],
    ['after.totl > 10', 'sql.unknown_column', '  after.totl > 10\n  ^', /after\.total/],
    ["'é' || after.nme", 'sql.unknown_column', `  'é' || after.nme\n         ^`, /after\.name/],
    ['lowr(name)', 'sql.unknown_function', 'lowr(name)\n  ^', /lower/],
    ['id + name', 'sql.unknown_function', 'id + name\n     ^', /integer \+ integer/],
    ['CASE WHEN paid THEN 1 ELSE name END', 'sql.type_mismatch', 'cannot be matched', /Cast/],
    ['id AND paid', 'sql.type_mismatch', 'must be type boolean', /comparison/],
    ['now() > at', 'sql.unsupported', 'now() is not supported', /event\.time/],
    ['(SELECT 1)', 'sql.unsupported', 'sub-queries', /Join or enrich/],
    ['id = $1', 'sql.unsupported', 'parameters', /value itself/],
    ['id, total', 'sql.unsupported', 'rows', /one value/],
    ["'x'::int4 + id", 'sql.invalid_text', `'x'::int4`, /value of the type/],
    ['sum(id)', 'sql.unknown_function', 'sum(integer)', /docs/],
    ['id::money', 'sql.unknown_type', 'money', /numeric/],
    ['sqrt(total)', 'sql.unsupported', 'sqrt of numeric', /float8/],
    ['data ->> NULL::jsonb', 'sql.unknown_function', '->>', /jsonb ->> text/],
  ])('%s', (text, code, shown, mend) => {
    const error = failure(text);
    expect({ code: error.code.code, message: error.message }).toEqual({
      code,
      message: expect.stringContaining(shown),
    });
    expect(error.mend).toMatch(mend);
    expect(error.pointer).toBe('/stages/a/filter');
  });

  it('an expression of another type than its place wants', () => {
    const error = failure('total * 2', { name: 'boolean' });
    expect(error.code.code).toBe('sql.type_mismatch');
    expect(error.mend).toContain('after.total > 10');
  });

  it('a comment cannot hide the end, and a parenthesis cannot open another expression', () => {
    expect(value('id + 1 -- one more', [1])).toBe(2);
    expect(failure('id), (total').code.code).toBe('sql.syntax');
    expect(failure('id) FROM secrets WHERE (true').code.code).toBe('sql.syntax');
  });
});

describe('aggregates', () => {
  const aggregate = (text: string, groups: readonly { text: string; type: { name: string } }[] = []) =>
    compileAggregate(text, scope, { pointer: '/a', groups });
  const ofRows = (
    compiled: ReturnType<typeof aggregate>,
    rows: readonly (readonly SqlValue[])[],
    group: SqlValue = null,
  ) =>
    compiled.finish(
      compiled.accumulators.map((call) =>
        call.result(
          rows.reduce<unknown>((state, row) => call.accumulate(state, (slot) => row[slot] ?? null), call.create()),
        ),
      ),
      () => group,
    );

  it('may be part of an expression, beside grouping columns by any of their names', () => {
    const compiled = aggregate('name || count(*)', [{ text: 'after.name', type: { name: 'text' } }]);
    expect(compiled.accumulators).toHaveLength(1);
    expect(ofRows(compiled, [[1], [2]], 'x')).toBe('x2');
  });

  it('leaves out what FILTER leaves out, and repeated values with DISTINCT', () => {
    const rows = [1, 1, 2, 3].map((id) => [id]);
    expect(ofRows(aggregate('sum(id) FILTER (WHERE id > 1)'), rows)).toBe(5n);
    expect(ofRows(aggregate('sum(DISTINCT id)'), rows)).toBe(6n);
    expect(ofRows(aggregate('count(*)'), [])).toBe(0n);
    expect(ofRows(aggregate('sum(id)'), [])).toBeNull();
  });

  it.each([
    ['name', 'sql.grouping'],
    ['sum(id) + id', 'sql.grouping'],
    ['sum(count(*))', 'sql.grouping'],
    ['sum(id) OVER ()', 'sql.unsupported'],
    ['sum(name)', 'sql.unknown_function'],
    ['string_agg(name, id)', 'sql.unknown_function'],
  ])('%s is refused', (text, code) => {
    expect(() => aggregate(text)).toThrow(expect.objectContaining({ code: expect.objectContaining({ code }) }));
  });
});

it('the names in an expression are known without its types', () => {
  expect(referencedColumns('a.x + b."Y" * a.x + lower(z)', '')).toEqual([['a', 'x'], ['b', 'Y'], ['z']]);
});
