import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import type { Client } from 'pg';
import { openSession } from '../session.ts';
import { StreamProbe } from '../test-support/stream-probe.ts';
import { formatBuiltinType, kindOfType } from './builtin-types.ts';

/** Types and values that are easily changed on the way. */
const VALUES: readonly (readonly [type: string, ...values: string[]])[] = [
  [
    'numeric',
    'NaN',
    'Infinity',
    '-Infinity',
    '0.000',
    '-12345678901234567890.123456789012345678901234567890',
    '1e-300',
    '1e300',
  ],
  ['numeric(30,10)', '12345678901234567890.0123456789'],
  ['smallint', '-32768', '32767'],
  ['integer', '-2147483648', '2147483647'],
  ['bigint', '-9223372036854775808', '9223372036854775807', '9007199254740993'],
  ['real', 'NaN', '-Infinity', '0.1', '3.4028235e38', '-0', '1e-45'],
  ['double precision', 'NaN', 'Infinity', '0.1', '1.7976931348623157e308', '5e-324', '-0', '123456789.123456789'],
  ['money', '-92233720368547758.08', '1234.5'],
  ['boolean', 't', 'f'],
  ['text', '', 'naïve 😀', 'line\nbreak\ttab', "quote ' and \\ backslash", '\u00a0'],
  ['character varying(5)', 'abc'],
  ['character(5)', 'ab'],
  ['"char"', 'x'],
  ['name', 'a_name'],
  ['bytea', '\\x', '\\x00ff7f', '\\xdeadbeef'],
  ['date', '2024-02-29', 'infinity', '-infinity', '0044-03-15 BC', '5874897-12-31', '0001-01-01'],
  ['time', '00:00:00', '24:00:00', '12:34:56.789012'],
  ['timetz', '12:34:56.789012+05:30', '00:00:00-15:59:59'],
  ['timestamp', '2024-02-29 12:34:56.123456', 'infinity', '4713-01-01 00:00:00 BC', '294276-12-31 23:59:59.999999'],
  ['timestamptz', '2024-02-29 12:34:56.1+09:30', '-infinity', '0001-01-01 00:00:00+00 BC', '2024-06-30 23:59:60+00'],
  ['timestamp(3)', '2024-01-01 00:00:00.1236'],
  ['interval', '1 year 2 mons -3 days +04:05:06.789', '-178000000 years', '00:00:00', '1000000 hours'],
  ['uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
  ['json', '{"b": 1,   "a":1e400, "b":2}', 'null', '12345678901234567890'],
  ['jsonb', '{"b": 1, "a": 12345678901234567890.10}', '"\\u00e9"', '[]'],
  ['xml', '<a b="c">&amp;</a>'],
  ['bit(5)', '10101'],
  ['bit varying', '', '101'],
  ['inet', '192.168.0.1/24', '::1'],
  ['cidr', '10.0.0.0/8'],
  ['macaddr', '08:00:2b:01:02:03'],
  ['macaddr8', '08:00:2b:01:02:03:04:05'],
  ['point', '(1.5,-0)', '(NaN,Infinity)'],
  ['line', '{1,-1,0}'],
  ['lseg', '[(0,0),(1,1)]'],
  ['box', '(1,1),(0,0)'],
  ['path', '[(0,0),(1,1)]', '((0,0),(1,1))'],
  ['polygon', '((0,0),(1,1),(1,0))'],
  ['circle', '<(0,0),0.1>'],
  ['int4range', '[1,5)', 'empty', '(,)'],
  ['numrange', '[1.10,2.2]'],
  ['tstzrange', '[2024-01-01 00:00:00.123456+00,infinity)'],
  ['datemultirange', '{[2024-01-01,2024-01-02),[2024-02-01,)}'],
  ['int[]', '{1,NULL,3}', '{}', '[0:1]={1,2}', '{{1,2},{3,4}}'],
  ['text[]', '{"a,b","c\\"d",NULL,"NULL",""}', '{naïve}'],
  ['numeric(6,2)[]', '{1.10,NaN}'],
  ['timestamptz[]', '{"2024-01-01 00:00:00.5+00"}'],
  ['tsvector', "'a':1A 'b':2,3"],
  ['tsquery', "'a' & !'b'"],
  ['oid', '4294967295'],
  ['pg_lsn', '16/B374D848'],
  ['regclass', 'pg_class'],
  ['jsonpath', '$."a"[*]'],
  ['xid8', '18446744073709551615'],
  ['odd."mood Ω"', 'sad'],
  ['odd.positive', '7'],
  ['odd.pair', '(1,"a,b")', '(,)'],
  ['odd."mood Ω"[]', '{sad,NULL}'],
];

const EXTENSION_VALUES: Readonly<Record<string, readonly [type: string, value: string]>> = {
  citext: ['citext', 'MiXed'],
  hstore: ['hstore', '"a"=>"1", "b"=>NULL'],
  ltree: ['ltree', 'Top.Science'],
  vector: ['vector(3)', '[1,2.5,-3]'],
  postgis: ['geometry', 'POINT(1 2)'],
};

describe('values of every type', () => {
  let database: TestDatabase;
  let session: Client;
  let cases: readonly (readonly [type: string, ...values: string[]])[];

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase('types');
    await database.query(`CREATE SCHEMA odd; CREATE TYPE odd."mood Ω" AS ENUM ('sad', 'ok'); CREATE DOMAIN odd.positive AS int CHECK (VALUE > 0);
      CREATE TYPE odd.pair AS (a int, b text)`);
    const available = await database.query<{ name: string }>(
      'SELECT name FROM pg_available_extensions WHERE name = ANY ($1)',
      [Object.keys(EXTENSION_VALUES)],
    );
    for (const { name } of available) await database.query(`CREATE EXTENSION ${name}`);
    cases = [...VALUES, ...available.map(({ name }) => EXTENSION_VALUES[name]!)];
    const columns = cases.map(([type], column) => `c${column} ${type}`).join(', ');
    await database.query(`CREATE TABLE everything (id int PRIMARY KEY, ${columns})`);
    session = await openSession({ ...database.connection, ssl: 'disable' }, { applicationName: 'types test' });
  });

  afterAll(async () => {
    await session?.end();
    await database?.[Symbol.asyncDispose]();
  });

  it('come as the server prints them', async () => {
    await using probe = await StreamProbe.open(database);
    const rowCount = Math.max(...cases.map((values) => values.length - 1));
    for (let row = 0; row < rowCount; row++) {
      const texts = cases.map((values) => values[1 + row] ?? null);
      await session.query(
        `INSERT INTO public.everything VALUES (${row}, ${texts.map((_, at) => `$${at + 1}`).join(', ')})`,
        texts,
      );
    }
    const events = await probe.untilNow();
    const { rows } = await session.query<Record<string, string | null>>(
      `SELECT id::text, ${cases.map((_, at) => `CASE WHEN c${at} IS DISTINCT FROM NULL THEN format('%s', c${at}) END AS c${at}`).join(', ')} FROM public.everything ORDER BY id`,
    );
    expect(rows).toHaveLength(rowCount);
    expect(events.map((event) => event.after)).toEqual(rows);
  });

  it('have the SQL type of the catalog, and the kind of the base type', async () => {
    await using scratch = await (await testPostgres()).createDatabase('types');
    await scratch.query(
      'CREATE DOMAIN d1 AS numeric(4,1); CREATE DOMAIN d2 AS d1; CREATE TABLE t (id int PRIMARY KEY, v d2, n numeric(7,-2), p timestamp(2) NOT NULL)',
    );
    await using probe = await StreamProbe.open(scratch);
    await probe.changes("INSERT INTO t VALUES (1, 1.5, 200, '2024-01-01')");
    expect(probe.newestSchema.columns).toEqual([
      { name: 'id', field: 0, kind: 'integer', sqlType: 'integer', key: true, nullable: false },
      { name: 'v', field: 1, kind: 'exact', sqlType: 'public.d2', key: false, nullable: true },
      { name: 'n', field: 2, kind: 'exact', sqlType: 'numeric(7,-2)', key: false, nullable: true },
      {
        name: 'p',
        field: 3,
        kind: 'timestamp',
        sqlType: 'timestamp(2) without time zone',
        key: false,
        nullable: false,
      },
    ]);
  });

  it('are named by our own table as format_type names them', async () => {
    const { rows } = await session.query<{ oid: string; plain: string; name: string }>(
      "SELECT oid::int8::text AS oid, format_type(oid, NULL) AS plain, format_type(oid, -1) AS name FROM pg_type WHERE oid < 10000 AND typtype IN ('b', 'r', 'm')",
    );
    const known = rows.filter((row) => formatBuiltinType(Number(row.oid), -1) !== undefined);
    expect(known.map((row) => formatBuiltinType(Number(row.oid), -1))).toEqual(known.map((row) => row.name));
    expect(known.length).toBeGreaterThan(100);
    expect(kindOfType(999_999)).toBe('text');
    const { rows: modified } = await session.query<{ oid: string; modifier: number; name: string }>(`
      SELECT a.atttypid::int8::text AS oid, a.atttypmod AS modifier, format_type(a.atttypid, a.atttypmod) AS name
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = 'public.everything'::regclass AND a.attnum > 0 AND t.oid < 10000`);
    const named = modified.filter((row) => formatBuiltinType(Number(row.oid), row.modifier) !== undefined);
    expect(named.map((row) => formatBuiltinType(Number(row.oid), row.modifier))).toEqual(named.map((row) => row.name));
    expect(named.length).toBeGreaterThan(40);
  });
});
