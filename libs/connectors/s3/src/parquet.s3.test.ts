import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ChangeBatchBuilder, type ColumnKind, lsn, NO_TUPLE, Op, type TableSchema } from '@millrace/formats';
import { testS3 } from '@millrace/testing';
import { eventBatch, type Field, startSink, tableOf, tuple } from './test-support/drive.ts';
import { TestBucket } from './test-support/test-bucket.ts';

let folder: string;
let duck: DuckDBConnection;
let bucket: TestBucket;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-parquet-'));
  duck = await (await DuckDBInstance.create(':memory:')).connect();
  await duck.run("set timezone = 'UTC'");
});
afterAll(async () => {
  duck.disconnectSync();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  bucket = await TestBucket.create((await testS3()).url);
});
afterEach(() => bucket[Symbol.dispose]());

/** Asks DuckDB about all objects of the bucket, as the table `t`. */
async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const keys = await bucket.keys();
  const files = await Promise.all(
    keys.map(async (key, index) => {
      const file = join(folder, `${bucket.config.bucket}-${index}.parquet`);
      await writeFile(file, await bucket.bytes(key));
      return `'${file}'`;
    }),
  );
  const result = await duck.runAndReadAll(`with t as (select * from read_parquet([${files.join()}])) ${sql}`);
  return result.getRowObjectsJson() as Record<string, unknown>[];
}

const COLUMNS: readonly (readonly [
  name: string,
  kind: ColumnKind,
  sqlType: string,
  text: Field,
  type: string,
  value: unknown,
])[] = [
  ['id', 'integer', 'integer', '-2147483648', 'INTEGER', '-2147483648'],
  ['o', 'integer', 'oid', '4294967295', 'BIGINT', '4294967295'],
  ['big', 'bigint', 'bigint', '-9223372036854775808', 'BIGINT', '-9223372036854775808'],
  ['small_money', 'exact', 'numeric(9,2)', '-1234567.89', 'DECIMAL(9,2)', '-1234567.89'],
  ['price', 'exact', 'numeric(12,2)', '9999999999.99', 'DECIMAL(12,2)', '9999999999.99'],
  [
    'huge',
    'exact',
    'numeric(38,10)',
    '-1234567890123456789012345678.0123456789',
    'DECIMAL(38,10)',
    '-1234567890123456789012345678.0123456789',
  ],
  ['any', 'exact', 'numeric', '1e-3', 'VARCHAR', '1e-3'],
  ['real', 'float', 'real', '1.5', 'FLOAT', '1.5'],
  ['ratio', 'float', 'double precision', '0.1', 'DOUBLE', '0.1'],
  ['ok', 'boolean', 'boolean', 't', 'BOOLEAN', 'true'],
  ['doc', 'json', 'jsonb', '{"a": [1, "x"]}', 'VARCHAR', '{"a": [1, "x"]}'],
  [
    'at',
    'timestamptz',
    'timestamp with time zone',
    '2024-01-01 23:59:59.000001+00',
    'TIMESTAMP WITH TIME ZONE',
    '2024-01-01 23:59:59.000001+00',
  ],
  ['local', 'timestamp', 'timestamp without time zone', '1812-02-29 01:02:03', 'TIMESTAMP', '1812-02-29 01:02:03'],
  ['day', 'date', 'date', '2024-02-29', 'DATE', '2024-02-29'],
  ['clock', 'time', 'time without time zone', '12:34:56.789', 'TIME', '12:34:56.789'],
  ['uid', 'uuid', 'uuid', 'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60', 'UUID', 'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60'],
  ['raw', 'bytea', 'bytea', '\\x00ff', 'BLOB', '\\x00\\xFF'],
  ['odd "name".x', 'text', 'text', 'ü\n"', 'VARCHAR', 'ü\n"'],
  ['empty', 'text', 'text', '', 'VARCHAR', ''],
  ['nothing', 'text', 'text', null, 'VARCHAR', null],
  ['large', 'text', 'text', undefined, 'VARCHAR', null],
];

const SCHEMA: TableSchema = {
  id: 'public.t',
  schema: 'public',
  table: 't',
  fieldCount: COLUMNS.length,
  replicaIdentity: 'default',
  columns: COLUMNS.map(([name, kind, sqlType], field) => ({
    name,
    field,
    kind,
    sqlType,
    key: field === 0,
    nullable: true,
  })),
};

async function write(
  rows: readonly (readonly [op: number, fields: readonly Field[]])[],
  stage: Record<string, unknown> = {},
  schema = SCHEMA,
) {
  const builder = new ChangeBatchBuilder();
  const transaction = builder.transaction({
    commitLsn: lsn(0x16_0000_000an),
    xid: 7,
    commitTimeUs: 1_704_153_599_000_001n,
    complete: true,
  });
  rows.forEach(([op, fields], index) => {
    const bytes = tuple(fields);
    const at = builder.addTuple(bytes, 0, bytes.length);
    builder.add(op, 0, schema, op === Op.Delete ? at : NO_TUPLE, op === Op.Delete ? NO_TUPLE : at, transaction, index);
  });
  const sink = await startSink({ config: bucket.config, generation: 1, stage: { format: 'parquet', ...stage } });
  await sink.write(builder.build(0));
  await sink.prepare(1);
  await sink.commit(1);
  await sink.close();
}

const ROW = COLUMNS.map(([, , , text]) => text);

describe('Parquet in S3, as DuckDB reads it', () => {
  it.each(['none', 'gzip', 'zstd'])('has the type and value of every column (compression %s)', async (compression) => {
    const empty = COLUMNS.map((_, index) => (index === 0 ? '2' : null));
    await write(
      [
        [Op.Update, ROW],
        [Op.Delete, empty],
      ],
      { compression },
    );
    expect((await bucket.keys())[0]).toMatch(/\.parquet$/);
    const types = await ask('select column_name, column_type from (describe t)');
    expect(types.slice(6)).toEqual(COLUMNS.map(([name, , , , type]) => ({ column_name: name, column_type: type })));
    const casts = COLUMNS.map(
      ([name]) => `"${name.replaceAll('"', '""')}"::varchar as "${name.replaceAll('"', '""')}"`,
    );
    const [row] = await ask(`select ${casts.join()} from t where __op = 'u'`);
    expect(row).toEqual(Object.fromEntries(COLUMNS.map(([name, , , , , value]) => [name, value])));
    expect(
      await ask(
        'select __op, __table, __lsn, __index, __commit_time::varchar as at, __unchanged, id from t order by __index',
      ),
    ).toEqual([
      {
        __op: 'u',
        __table: 'public.t',
        __lsn: '16/A',
        __index: 0,
        at: '2024-01-01 23:59:59.000001+00',
        __unchanged: 'large',
        id: -2147483648,
      },
      {
        __op: 'd',
        __table: 'public.t',
        __lsn: '16/A',
        __index: 1,
        at: '2024-01-01 23:59:59.000001+00',
        __unchanged: null,
        id: 2,
      },
    ]);
  });

  it('has every row of many row groups and parts once, in bounded memory', async () => {
    const sink = await startSink({
      config: bucket.config,
      generation: 1,
      stage: { format: 'parquet', path: 'all', partBytes: '5MiB', memory: '32MiB' },
    });
    // Texts that don't compress away as a dictionary.
    for (let at = 0; at < 20_000; at += 1_000)
      await sink.write(eventBatch(at, at + 1_000, [tableOf('t')], `${at}-${'n'.repeat(1_000)}`));
    await sink.prepare(1);
    await sink.commit(1);
    expect(sink.gauges.get('heldBytes')!.max).toBeLessThan(36 * 1_048_576);
    const [found] = await ask(
      'select count(*)::int as n, count(distinct id)::int as ids, min(id) as low, max(id) as high, sum(length(note))::int as chars from t',
    );
    const chars = Array.from({ length: 20 }, (_, index) => 1_000 * (String(index * 1_000).length + 1_001)).reduce(
      (a, b) => a + b,
    );
    expect(found).toEqual({ n: 20_000, ids: 20_000, low: 0, high: 19_999, chars });
    await sink.close();
  });

  it('stops at what its types do not have, and says how to go on', async () => {
    const infinite = ROW.map((text, index) => (COLUMNS[index]![0] === 'at' ? 'infinity' : text));
    await expect(write([[Op.Create, infinite]])).rejects.toMatchObject({
      code: { code: 's3.value_unsupported' },
      message: 'a value of "at" of public.t is infinite, which its Parquet type does not have',
      mend: expect.stringContaining('"at::text"'),
    });
    await expect(write([[Op.Update, ROW]], { metadata: false, deletes: 'skip' })).rejects.toMatchObject({
      code: { code: 's3.value_not_resent' },
      message: expect.stringContaining('"large"'),
    });
  });
});
