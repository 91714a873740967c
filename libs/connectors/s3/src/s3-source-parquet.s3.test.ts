import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { testS3 } from '@millrace/testing';
import { eventBatch, startSink, tableOf } from './test-support/drive.ts';
import { readRows, runInPieces, startSource } from './test-support/drive-source.ts';
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

/** Puts what DuckDB writes for this query. */
async function put(key: string, query: string, options = ''): Promise<void> {
  const file = join(folder, `${bucket.config.bucket}.parquet`);
  await duck.run(`copy (${query}) to '${file}' (format parquet ${options})`);
  await bucket.client.send(
    new PutObjectCommand({ Bucket: bucket.config.bucket, Key: key, Body: await readFile(file) }),
  );
}

const read = (stage: Record<string, unknown>) => readRows(bucket.config, { format: 'parquet', ...stage });

/** A value in SQL, the type it is declared with, and as which value it arrives. */
const VALUES: readonly (readonly [sql: string, type: string, value: unknown])[] = [
  ['(-8)::tinyint', 'smallint', -8],
  ['255::utinyint', 'smallint', 255],
  ['(-2147483648)::int', 'integer', -2147483648],
  ['4294967295::uinteger', 'bigint', 4294967295n],
  ['(-9223372036854775808)::bigint', 'bigint', -9223372036854775808n],
  ['18446744073709551615::ubigint', 'numeric', '18446744073709551615'],
  ['(-1234567.89)::decimal(9,2)', 'numeric', '-1234567.89'],
  ['0.05::decimal(18,2)', 'numeric', '0.05'],
  ["'-1234567890123456789012345678.0123456789'::decimal(38,10)", 'numeric', '-1234567890123456789012345678.0123456789'],
  ['0.1::double', 'double precision', 0.1],
  ["'-infinity'::float", 'real', Number.NEGATIVE_INFINITY],
  ["'nan'::double", 'double precision', Number.NaN],
  ['true', 'boolean', true],
  ["date '1812-02-29'", 'date', '1812-02-29'],
  ["time '23:59:59.000001'", 'time', '23:59:59.000001'],
  ["timestamp '1969-12-31 23:59:59.999999'", 'timestamp', '1969-12-31 23:59:59.999999'],
  ["timestamp_ms '2024-01-01 00:00:00.5'", 'timestamp', '2024-01-01 00:00:00.5'],
  ["timestamp_ns '2024-01-01 00:00:00.123456'", 'timestamp', '2024-01-01 00:00:00.123456'],
  ["timestamptz '2024-01-01 05:30:00+05:30'", 'timestamptz', '2024-01-01 00:00:00+00'],
  ["'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60'::uuid", 'uuid', 'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60'],
  ["'\\x00\\xFF'::blob", 'bytea', '\\x00ff'],
  ["'ü𝄞'", 'text', 'ü𝄞'],
  ["''", 'text', ''],
  ['42::int', 'text', '42'],
  ["date '2024-01-01'", 'text', '2024-01-01'],
  ["'2024-01-01T00:00:00Z'", 'timestamptz', '2024-01-01 00:00:00+00'],
  [`'{"a": 1}'::json`, 'jsonb', '{"a": 1}'],
  [`'[1]'`, 'json', '[1]'],
  ["'a'::enum('a', 'b')", 'text', 'a'],
];

describe('Parquet as a source, written by DuckDB', () => {
  it.each(['snappy', 'zstd', 'gzip', 'brotli', 'uncompressed'])(
    'has every value without loss, and NULL (%s)',
    async (codec) => {
      const columns = VALUES.map(([sql], index) => `${sql} as c${index}`).join();
      const nulls = VALUES.map(([sql], index) => `if(false, ${sql}, null) as c${index}`).join();
      // Repeated, so that columns have dictionaries; and once more without.
      await put(
        'a.parquet',
        `select 1 as id, ${columns} from range(40) union all select 2, ${nulls}`,
        `, compression ${codec}, parquet_version v2`,
      );
      await put('b.parquet', `select 3 as id, ${columns}`, `, compression ${codec}`);
      const declared = Object.fromEntries(VALUES.map(([, type], index) => [`c${index}`, type]));
      const rows = await read({ columns: { id: 'integer', ...declared } });
      const expected = Object.fromEntries(VALUES.map(([, , value], index) => [`c${index}`, value]));
      expect(rows).toHaveLength(42);
      expect(rows[0]).toEqual({ id: 1, ...expected });
      expect(rows[40]).toEqual({ id: 2, ...Object.fromEntries(VALUES.map((_, index) => [`c${index}`, null])) });
      expect(rows[41]).toEqual({ id: 3, ...expected });
    },
  );

  it('goes on at the very row, within and between row groups', async () => {
    await put(
      'a.parquet',
      `select i::int as id, 'note ' || i as note, md5(i::varchar) as other from range(30000) r(i)`,
      ', row_group_size 4096',
    );
    const runs = await runInPieces(bucket.config, { format: 'parquet' }, 30_000);
    expect(runs.length).toBeGreaterThan(3);
    expect(runs.flat().map((row) => row['id'])).toEqual(Array.from({ length: 30_000 }, (_, id) => id));
    expect(runs.flat()[29_999]).toEqual(Object.assign(Object.create(null), { id: 29_999, note: 'note 29999' }));
  });

  it.each([
    ['select 1 as id, [1, 2] as note', 'column "note" is nested: only columns of plain values can be read'],
    [`select 1 as id, {'a': 1} as note`, 'column "note" is nested: only columns of plain values can be read'],
    ['select 1 as id', 'it has no column "note"'],
    [`select '1' as id, interval 1 day as note`, 'column "note" is INTERVAL, which can\'t be read as text'],
    ['select 1.5::double as id, null as note', 'column "id" is DOUBLE, which can\'t be read as integer'],
    ['select null::int as id, null as note', 'its "id" is missing, but part of the key'],
    [`select 'x' as id, 'x' as note`, 'its "id" is not an integer'],
  ])('refuses %s and says why', async (query, reason) => {
    await put('a.parquet', query);
    await expect(read({})).rejects.toMatchObject({
      code: { code: 's3.row_refused' },
      message: `row 1 of a.parquet in bucket ${bucket.config.bucket}: ${reason}`,
    });
  });

  it('refuses other times than declared, nanoseconds, and what is no Parquet', async () => {
    await put('a.parquet', "select 1 as id, timestamptz '2024-01-01 00:00:00+00' as note");
    const refused = (message: string) => ({
      code: { code: 's3.row_refused' },
      message: expect.stringContaining(message),
    });
    await expect(read({ columns: { id: 'integer', note: 'timestamp' } })).rejects.toMatchObject(
      refused('column "note" is TIMESTAMP in UTC, which can\'t be read as timestamp without time zone'),
    );
    await put('a.parquet', "select 1 as id, timestamp_ns '2024-01-01 00:00:00.123456789' as note");
    await expect(read({})).rejects.toMatchObject(refused('its "note" has nanoseconds'));
    await bucket.client.send(
      new PutObjectCommand({ Bucket: bucket.config.bucket, Key: 'a.parquet', Body: 'id,note\n1,2\n' }),
    );
    await expect(read({})).rejects.toMatchObject(refused('it is damaged'));
  });

  it('does not go on in an object that was written again', async () => {
    const query = (first: number) => `select (i + ${first})::int as id, 'n' as note from range(20000) r(i)`;
    await put('a.parquet', query(0), ', row_group_size 2048');
    const first = await startSource(bucket.config, { format: 'parquet' }, { batchesMax: 2 });
    await first.until(() => first.events.length > 0);
    const restored = await first.save();
    await first.close();
    await put('a.parquet', query(1), ', row_group_size 2048');
    const second = await startSource(bucket.config, { format: 'parquet' }, { restored });
    await expect(second.run()).rejects.toMatchObject({ code: { code: 's3.object_changed' } });
  });
});

it('reads the Parquet that the sink has written', async () => {
  const sink = await startSink({
    config: bucket.config,
    generation: 1,
    stage: { format: 'parquet', compression: 'zstd' },
  });
  await sink.write(eventBatch(0, 1_000, [tableOf('t')]));
  await sink.prepare(1);
  await sink.commit(1);
  await sink.close();
  const rows = await read({
    objects: 'public.t/*',
    columns: { __op: 'text', __lsn: 'text', __index: 'integer', __commit_time: 'timestamptz', id: 'integer' },
  });
  expect(rows).toHaveLength(1_000);
  expect(rows[999]).toEqual({
    __op: 'c',
    __lsn: '0/3E8',
    __index: 999,
    __commit_time: '1970-01-01 00:00:00+00',
    id: 999,
  });
});
