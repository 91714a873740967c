import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MillraceError } from '@millrace/kernel';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import fc from 'fast-check';
import {
  compileAggregate,
  compileExpression,
  decodeText,
  encodeText,
  parseSqlType,
  type Scope,
  type SqlValue,
  sqlstateOf,
} from '../src/index.ts';
import {
  COLUMNS,
  type ColumnName,
  type GeneratedRow,
  generatedExpression,
  generatedRow,
} from './generated-expressions.ts';

const EXPRESSIONS = 4_000;
const ROWS = 200;
const SEED = Number(process.env.SEED ?? 20_261_127);

const names = Object.keys(COLUMNS) as ColumnName[];
const types = names.map((name) => parseSqlType(COLUMNS[name].replace(/ collate.*/, '')));

const scope: Scope = {
  resolve(path) {
    const name = path.length === 2 && path[0] === 'after' ? path[1] : undefined;
    const slot = names.indexOf(name as ColumnName);
    return slot < 0 ? undefined : { type: types[slot]!, slot };
  },
  names: () => names.map((name) => `after.${name}`),
};

interface Outcome {
  /** As the server prints it; `null` is NULL. */
  readonly value?: string | null;
  readonly sqlstate?: string;
}

let database: TestDatabase;
const rows: readonly GeneratedRow[] = fc.sample(generatedRow, { numRuns: ROWS, seed: SEED });

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase('sql');
  await database.query(`
    create table rows (id int primary key, ${names.map((name) => `${name} ${COLUMNS[name]}`).join(', ')});
    create function evaluate(expressions text[], ids int[]) returns table (value text, state text) language plpgsql as $$
    begin
      perform set_config('timezone', 'UTC', true);
      for i in 1 .. cardinality(expressions) loop
        value := null; state := null;
        begin
          execute format('select array_to_string(array[(%s)], %L, %L) from rows as after where id = $1', expressions[i], '', '<NULL>')
            into value using ids[i];
        exception when others then state := sqlstate;
        end;
        return next;
      end loop;
    end $$;
  `);
  for (const [id, row] of rows.entries()) {
    const marks = names.map((_, index) => `$${index + 2}`).join(', ');
    await database.query(`insert into rows values ($1, ${marks})`, [id, ...names.map((name) => row[name])]);
  }
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

async function byPostgres(expressions: readonly string[], ids: readonly number[]): Promise<readonly Outcome[]> {
  const found = await database.query<{ value: string | null; state: string | null }>('select * from evaluate($1, $2)', [
    expressions,
    ids,
  ]);
  return found.map(({ value, state }) =>
    state === null ? { value: value === '<NULL>' ? null : value } : { sqlstate: state },
  );
}

const readOf =
  (row: GeneratedRow) =>
  (slot: number): SqlValue => {
    const text = row[names[slot]!];
    return text === null ? null : decodeText(types[slot]!, text);
  };

function outcome(run: () => string | null): Outcome {
  try {
    return { value: run() };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return { sqlstate: sqlstateOf(error.code) ?? error.code.code };
  }
}

const here = (text: string, row: GeneratedRow): Outcome =>
  outcome(() => {
    const { type, evaluate } = compileExpression(text, scope, { pointer: '' });
    return encodeText(type, evaluate(readOf(row)));
  });

const same = (a: Outcome, b: Outcome): boolean => a.value === b.value && a.sqlstate === b.sqlstate;

describe('expressions give what PostgreSQL gives', () => {
  it(`values and errors of ${EXPRESSIONS} generated expressions (SEED=${SEED})`, async () => {
    const expressions = fc.sample(generatedExpression, { numRuns: EXPRESSIONS, seed: SEED });
    const ids = expressions.map((_, index) => index % ROWS);
    const expected = await byPostgres(expressions, ids);
    const wrong = expressions.flatMap((text, index) => {
      const ours = here(text, rows[ids[index]!]!);
      return same(ours, expected[index]!)
        ? []
        : [`${text} of row ${ids[index]}: ${JSON.stringify(ours)}, PostgreSQL ${JSON.stringify(expected[index])}`];
    });
    expect(wrong.slice(0, 20)).toEqual([]);
    // Most of them are no mere errors, and no mere NULLs.
    expect(expected.filter(({ value }) => typeof value === 'string').length).toBeGreaterThan(EXPRESSIONS / 3);
  }, 120_000);

  it('aggregates over generated rows, in one stage and in two', async () => {
    const aggregates = [
      'count(*)',
      'count(after.t)',
      'count(DISTINCT after.w)',
      'count(*) FILTER (WHERE after.b)',
      'sum(after.i2)',
      'sum(after.i4)',
      'sum(after.i8)',
      'sum(after.m)',
      'avg(after.i4)',
      'avg(after.i8)',
      'avg(after.m)',
      'min(after.t)',
      'max(after.v)',
      'min(after.d)',
      'max(after.ts)',
      'max(after.tz)',
      'min(after.i8)',
      'max(after.n)',
      'min(after.f8)',
      'max(after.f8)',
      'bool_and(after.b)',
      'bool_or(after.b)',
      'every(after.i4 > -30)',
      'sum(DISTINCT after.m)',
      'sum(after.i4) / count(*)',
      'coalesce(sum(after.m), 0) * 2',
      'sum(CASE WHEN after.b THEN 1 ELSE 0 END)',
      "string_agg(after.w, ',')",
      'sum(after.iv)',
      'max(after.i2)::int8 - min(after.i2)',
    ];
    const from = (text: string, condition: string) =>
      `array_to_string(array[(select ${text} from (select * from rows where ${condition} order by id) as after)], '', '<NULL>')`;
    for (const [condition, chosen] of [
      ['true', rows],
      ['false', []],
      ['id % 7 = 3', rows.filter((_, id) => id % 7 === 3)],
    ] as const) {
      const [found] = await database.query<Record<string, string>>(
        `select ${aggregates.map((text, index) => `${from(text, condition)} as a${index}`).join(', ')}`,
      );
      for (const [index, text] of aggregates.entries()) {
        const { accumulators, finish, type } = compileAggregate(text, scope, { pointer: '', groups: [] });
        const value = (split: number): string | null => {
          const results = accumulators.map((call) => {
            const accumulate = (part: readonly GeneratedRow[]) =>
              structuredClone(part.reduce<unknown>((state, row) => call.accumulate(state, readOf(row)), call.create()));
            return call.result(call.combine(accumulate(chosen.slice(0, split)), accumulate(chosen.slice(split))));
          });
          return encodeText(
            type,
            finish(results, () => null),
          );
        };
        const expected = found![`a${index}`] === '<NULL>' ? null : found![`a${index}`];
        expect({ text, condition, value: value(0) }).toEqual({ text, condition, value: expected });
        expect({ text, condition, value: value(13) }).toEqual({ text, condition, value: expected });
      }
    }
  });
});
