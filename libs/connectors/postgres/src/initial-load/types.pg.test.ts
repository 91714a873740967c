import { describe, expect, it } from '@jest/globals';
import { testPostgres } from '@millrace/testing';
import { startSource } from '../test-support/drive.ts';

/** Values of every kind of type, as SQL. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  smallint: ['-32768', '32767'],
  integer: ['-2147483648', '2147483647'],
  bigint: ['-9223372036854775808', '9223372036854775807'],
  'numeric(30,10)': ['12345678901234567890.0123456789', "'NaN'"],
  numeric: ["'Infinity'", "'-Infinity'", '0.000000000000000000000000000001'],
  real: ["'NaN'", '1e-37', '0.1'],
  'double precision': ["'-Infinity'", '0.1', '1.7976931348623157e308'],
  money: ["'-92233720368547758.08'", "'1,234.50'"],
  boolean: ['true', 'false'],
  text: ["E'tab\\tnewline\\nreturn\\rbackslash\\\\ \\b\\f\\v'", "''", "'\\N'", "'\\.'", "'ünïcödé 😀'"],
  'varchar(10)': ["'ab'"],
  'char(5)': ["'ab'"],
  name: ["'a name'"],
  '"char"': ["'x'"],
  bytea: ["'\\x00ff5c0a09'", "''"],
  date: ["'0044-03-15 BC'", "'infinity'", "'2024-02-29'", "'99999-01-01'"],
  time: ["'24:00:00'", "'12:34:56.789012'"],
  timetz: ["'12:34:56.789012+05:30'"],
  timestamp: ["'-infinity'", "'2024-02-29 12:34:56.789012'", "'0001-01-01 00:00:00 BC'"],
  timestamptz: ["'infinity'", "'2024-02-29 12:34:56.789012+05:30'"],
  interval: ["'1 year 2 months -3 days 04:05:06.789'", "'-00:00:01'"],
  uuid: ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"],
  json: ['\'{"a":  1, "a": [1e400, "\\u00e9"]}\''],
  jsonb: ['\'{"a": 12345678901234567890.10, "b": null}\''],
  xml: ['\'<a b="c">d</a>\''],
  'bit(5)': ["B'10101'"],
  varbit: ["B''", "B'1'"],
  inet: ["'192.168.0.1/24'", "'::1'"],
  cidr: ["'10.0.0.0/8'"],
  macaddr: ["'08:00:2b:01:02:03'"],
  point: ["'(1.5,-2.25)'"],
  polygon: ["'((0,0),(1,1),(2,0))'"],
  circle: ["'<(1,2),3>'"],
  int4range: ["'[1,10)'", "'empty'"],
  tstzrange: ["'[2024-01-01 00:00:00+02,)'"],
  int4multirange: ["'{[1,2),[5,8)}'"],
  'integer[]': ["'{1,NULL,3}'", "'[0:1]={1,2}'", "'{{1,2},{3,4}}'"],
  'text[]': ["ARRAY['a,b', E'q\"uo\\\\te', '', NULL, 'NULL', E'new\\nline']"],
  'timestamptz[]': ["ARRAY['2024-01-01 00:00:00+00'::timestamptz]"],
  tsvector: ["'fat:2 cat:3A'"],
  oid: ['4294967295'],
  pg_lsn: ["'16/B374D848'"],
  regclass: ["'public.all_types'"],
  mood: ["'so ''so'''"],
  positive: ['7'],
  pair: ['ROW(1, E\'a "b",\\n\')'],
};

describe('the initial load', () => {
  it('R11: writes every value with the text that the stream uses', async () => {
    const server = await testPostgres();
    await using database = await server.createDatabase('types');
    const types = Object.keys(VALUES);
    const rows = Math.max(...Object.values(VALUES).map((values) => values.length));
    const row = (index: number): string =>
      types.map((type) => `CAST(${VALUES[type]![index % VALUES[type]!.length]} AS ${type})`).join(', ');
    await database.query(
      "CREATE TYPE mood AS ENUM ('ok', 'so ''so'''); CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE TYPE pair AS (a int, b text)",
    );
    await database.query(
      `CREATE TABLE all_types (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED, gone int, ${types.map((type, at) => `c${at} ${type}`).join(', ')})`,
    );
    await database.query('ALTER TABLE all_types DROP COLUMN gone');
    const columns = types.map((_, at) => `c${at}`).join(', ');
    for (let index = 0; index < rows; index++)
      await database.query(`INSERT INTO all_types (id, ${columns}) SELECT ${index}, ${row(index)}`);
    await database.query(`INSERT INTO all_types (id) VALUES (${rows})`);

    await using runner = await startSource(database, {
      stage: { tables: ['public.all_types'], initialLoad: 'full' },
      job: { jobId: database.name, jobName: 'types', stage: 'src' },
    });
    await runner.snapshot();
    await runner.untilEvents(rows + 1);
    await database.query(`INSERT INTO all_types (id, ${columns}) SELECT id + 100, ${columns} FROM all_types`);
    const events = await runner.untilEvents(2 * (rows + 1));

    const loaded = events.filter(({ op }) => op === 'r').map(({ after }) => after);
    const streamed = events
      .filter(({ op }) => op === 'c')
      .map(({ after }) => ({ ...after, id: String(Number(after!['id']) - 100) }));
    expect(loaded).toHaveLength(rows + 1);
    expect(loaded).toEqual(streamed);
    const schemas = runner.batches.flatMap(({ schemas: list }) => list);
    expect(new Set(schemas.map((schema) => JSON.stringify(schema))).size).toBe(1);
  });
});
