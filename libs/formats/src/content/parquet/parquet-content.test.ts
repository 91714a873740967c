import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { errorCode } from '@millrace/kernel';
import { SeededRandom } from '@millrace/testing';
import { NO_TUPLE, Op } from '../../change/change-batch.ts';
import { ChangeBatchBuilder } from '../../change/change-batch-builder.ts';
import { derivedSchema } from '../../change/encode-rows.ts';
import { lsn } from '../../change/position.ts';
import { type ColumnKind } from '../../change/table-schema.ts';
import { parquetFormat } from './parquet-content.ts';

let folder: string;
let duck: DuckDBConnection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-parquet-'));
  duck = await (await DuckDBInstance.create(':memory:')).connect();
  await duck.run("set timezone = 'UTC'");
});
afterAll(async () => {
  duck.disconnectSync();
  await rm(folder, { recursive: true, force: true });
});

const CODE = errorCode('test.refused', { domain: 'user', retry: 'never', title: 'Refused' });

/** A field of a tuple: text or null. */
type Field = string | null;

function tuple(fields: readonly Field[]): Uint8Array {
  const parts = [Buffer.from([fields.length >> 8, fields.length & 255])];
  for (const field of fields) {
    const text = Buffer.from(field ?? '');
    const head = Buffer.alloc(5, 't');
    head.writeUInt32BE(text.length, 1);
    parts.push(field === null ? Buffer.from('n') : Buffer.concat([head, text]));
  }
  return Buffer.concat(parts);
}

type Make = (random: SeededRandom) => Field;
const digits = (random: SeededRandom, count: number): string =>
  Array.from({ length: count }, () => random.integer(0, 9)).join('');
const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
const sign = (random: SeededRandom): string => random.pick(['', '', '-']);
const day = (random: SeededRandom, yearMax: number): string =>
  `${pad(random.integer(1, yearMax), 4)}-${pad(random.integer(1, 12))}-${pad(random.integer(1, 28))}`;
const clock = (random: SeededRandom): string =>
  `${pad(random.integer(0, 23))}:${pad(random.integer(0, 59))}:${pad(random.integer(0, 59))}${random.pick(['', `.${digits(random, random.integer(1, 6))}`])}`;
const hex = (random: SeededRandom, byteCount: number): string =>
  Array.from({ length: byteCount }, () => pad(random.integer(0, 255)).slice(-2)).join('');

/** Values in PostgreSQL's text, and the type in which DuckDB should find them. */
const COLUMNS: readonly (readonly [name: string, kind: ColumnKind, sqlType: string, type: string, make: Make])[] = [
  ['small', 'integer', 'integer', 'INTEGER', (r) => String(r.integer(-3, 3))],
  ['whole', 'integer', 'integer', 'INTEGER', (r) => String(r.integer(-2_147_483_648, 2_147_483_647))],
  ['big', 'bigint', 'bigint', 'BIGINT', (r) => `${sign(r)}${r.pick(['', '9'])}${digits(r, r.integer(1, 17))}`],
  ['money', 'exact', 'numeric(9,2)', 'DECIMAL(9,2)', (r) => `${sign(r)}${digits(r, 7)}.${digits(r, 2)}`],
  [
    'price',
    'exact',
    'numeric(18,3)',
    'DECIMAL(18,3)',
    (r) => `${sign(r)}${digits(r, r.integer(1, 15))}.${digits(r, 3)}`,
  ],
  [
    'huge',
    'exact',
    'numeric(38,4)',
    'DECIMAL(38,4)',
    (r) => `${sign(r)}${digits(r, r.integer(1, 34))}.${digits(r, 4)}`,
  ],
  [
    'ratio',
    'float',
    'double precision',
    'DOUBLE',
    (r) => r.pick(['NaN', 'Infinity', '-0', '0.1', `${digits(r, 3)}e-9`]),
  ],
  ['real', 'float', 'real', 'FLOAT', (r) => `${sign(r)}${r.integer(0, 4_096)}.5`],
  ['yes', 'boolean', 'boolean', 'BOOLEAN', (r) => r.pick(['t', 'f'])],
  ['day', 'date', 'date', 'DATE', (r) => day(r, 9_999)],
  ['at', 'timestamp', 'timestamp without time zone', 'TIMESTAMP', (r) => `${day(r, 9_999)} ${clock(r)}`],
  [
    'utc',
    'timestamptz',
    'timestamp with time zone',
    'TIMESTAMPTZ',
    (r) => `${day(r, 2_300)} ${clock(r)}${r.pick(['+00', '+00', '-03', '+05:30'])}`,
  ],
  ['time', 'time', 'time without time zone', 'TIME', clock],
  ['uid', 'uuid', 'uuid', 'UUID', (r) => hex(r, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')],
  ['status', 'text', 'text', 'VARCHAR', (r) => r.pick(['new', 'paid', '', 'versandt ü', '𝄞'])],
  ['note', 'text', 'text', 'VARCHAR', (r) => `${digits(r, r.integer(0, 40))}${r.pick(['', 'ü', '\uFEFF'])}`],
];
const SCHEMA = derivedSchema(
  'public',
  't',
  COLUMNS.map(([name, kind, sqlType]) => ({ name, kind, sqlType })),
);
const ROWS_PER_BATCH = 1_000;

it.each([
  [1, 0, 'zstd', 29_000],
  [2, 0.2, 'none', 3_000],
  [3, 0.9, 'gzip', 3_000],
  [4, 1, 'zstd', 9],
] as const)(
  'holds what DuckDB makes of the same texts (seed %i, %d of them NULL, %s)',
  async (seed, nulls, compression, count) => {
    const random = new SeededRandom(seed);
    const rows = Array.from({ length: count }, () =>
      COLUMNS.map(([, , , , make]) => (random.chance(nulls) ? null : make(random))),
    );
    const stored: Uint8Array[] = [];
    const format = parquetFormat({ compression, metadata: false }, { valueNotResent: CODE, valueUnsupported: CODE });
    const content = format.create({
      schema: SCHEMA,
      key: 'x',
      store: (bytes) => stored.push(bytes),
      onProgress() {},
      onFailure(error) {
        throw error;
      },
    });
    for (let from = 0; from < count; from += ROWS_PER_BATCH) {
      const builder = new ChangeBatchBuilder(ROWS_PER_BATCH);
      const transaction = builder.transaction({ commitLsn: lsn(1n), xid: 1, commitTimeUs: 0n, complete: true });
      for (const fields of rows.slice(from, from + ROWS_PER_BATCH)) {
        const bytes = tuple(fields);
        builder.add(Op.Create, 0, SCHEMA, NO_TUPLE, builder.addTuple(bytes, 0, bytes.length), transaction, 0);
      }
      const batch = builder.build(0);
      for (let at = 0; at < batch.length; ) at = content.append(batch, at, batch.length);
    }
    await content.finish();
    const [parquet, texts] = [join(folder, `${seed}.parquet`), join(folder, `${seed}.ndjson`)];
    await writeFile(parquet, Buffer.concat(stored));
    await writeFile(
      texts,
      rows.map((row) => JSON.stringify(Object.fromEntries(row.map((text, at) => [COLUMNS[at]![0], text])))).join('\n'),
    );
    const columns = COLUMNS.map(([name]) => `"${name}": 'VARCHAR'`).join();
    const unequal = COLUMNS.map(
      ([name, , , type]) => `count(*) filter (p."${name}" is distinct from t."${name}"::${type})::int as "${name}"`,
    );
    const found = await duck.runAndReadAll(
      `select count(*)::int as n, ${unequal.join()} from (select * from read_parquet('${parquet}')) p positional join (select * from read_json('${texts}', columns = {${columns}}, format = 'newline_delimited')) t`,
    );
    expect(found.getRowObjects()).toEqual([{ n: count, ...Object.fromEntries(COLUMNS.map(([name]) => [name, 0])) }]);
    const types = await duck.runAndReadAll(
      `select column_type from (describe select * from read_parquet('${parquet}'))`,
    );
    expect(types.getColumnsObject()['column_type']).toEqual(
      COLUMNS.map(([, , , type]) => (type === 'TIMESTAMPTZ' ? 'TIMESTAMP WITH TIME ZONE' : type)),
    );
  },
);

it('says how small and large the values of each column are, so that readers can leave row groups out', async () => {
  const parquet = join(folder, '1.parquet');
  const ranged = COLUMNS.filter(([name]) =>
    ['small', 'whole', 'big', 'money', 'price', 'day', 'at', 'utc', 'real', 'status'].includes(name),
  );
  const range = ranged.map(
    ([name, , , type]) =>
      `(select [min(stats_min_value::${type})::varchar, max(stats_max_value::${type})::varchar, count(*)::varchar] from parquet_metadata('${parquet}') where path_in_schema = '${name}') as "${name}"`,
  );
  const real = ranged.map(([name]) => `[min("${name}")::varchar, max("${name}")::varchar, '2'] as "${name}"`);
  const [said] = (await duck.runAndReadAll(`select ${range.join()}`)).getRowObjectsJson();
  const [found] = (
    await duck.runAndReadAll(`select ${real.join()} from read_parquet('${parquet}')`)
  ).getRowObjectsJson();
  expect(said).toEqual(found);
});
