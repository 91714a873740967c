import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Batch } from '@millrace/engine';
import { ChangeBatchBuilder, type ColumnKind, derivedSchema, lsn, NO_TUPLE, Op } from '@millrace/formats';
import { testS3 } from '@millrace/testing';
import avsc from 'avsc';
import { eventBatch, type Field, startSink, tableOf, tuple } from './test-support/drive.ts';
import { readRows, runInPieces } from './test-support/drive-source.ts';
import { TestBucket } from './test-support/test-bucket.ts';

let bucket: TestBucket;
beforeEach(async () => {
  bucket = await TestBucket.create((await testS3()).url);
});
afterEach(() => bucket[Symbol.dispose]());

/** A column's kind and type, PostgreSQL's text, and with which type it is read back. */
const VALUES: readonly (readonly [name: string, kind: ColumnKind, sqlType: string, text: Field, declared: string])[] = [
  ['id', 'integer', 'integer', '-2147483648', 'integer'],
  ['big', 'bigint', 'bigint', '-9223372036854775808', 'bigint'],
  ['price', 'exact', 'numeric(12,2)', '-9999999999.99', 'numeric'],
  ['any', 'exact', 'numeric', '1234567890123456789012345678901234567890.5', 'numeric'],
  ['ratio', 'float', 'double precision', '0.1', 'double precision'],
  ['ok', 'boolean', 'boolean', 't', 'boolean'],
  ['doc', 'json', 'jsonb', '{"a":[1,"x"]}', 'jsonb'],
  ['at', 'timestamptz', 'timestamp with time zone', '2024-01-01 23:59:59.000001+00', 'timestamptz'],
  ['local', 'timestamp', 'timestamp without time zone', '1812-02-29 01:02:03', 'timestamp'],
  ['day', 'date', 'date', '2024-02-29', 'date'],
  ['clock', 'time', 'time without time zone', '12:34:56.789', 'time'],
  ['uid', 'uuid', 'uuid', 'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60', 'uuid'],
  ['raw', 'bytea', 'bytea', '\\x00ff', 'bytea'],
  ['odd "name".x', 'text', 'text', 'ü\n"', 'text'],
  ['nothing', 'text', 'text', null, 'text'],
];
const SCHEMA = derivedSchema(
  'public',
  't',
  VALUES.map(([name, kind, sqlType]) => ({ name, kind, sqlType, key: name === 'id' })),
);

async function write(stage: Record<string, unknown>, batches: readonly Batch[]) {
  const sink = await startSink({ config: bucket.config, generation: 1, stage: { format: 'avro', ...stage } });
  for (const batch of batches) await sink.write(batch);
  await sink.prepare(1);
  await sink.commit(1);
  await sink.close();
}

/** As Avro's own reader gives them. */
const decoded = (key: string, bytes: Uint8Array) =>
  new Promise<{ schema: avsc.Schema; records: Record<string, unknown>[] }>((resolve, reject) => {
    const records: Record<string, unknown>[] = [];
    const decoder = new avsc.streams.BlockDecoder();
    let schema: avsc.Schema;
    decoder.on('metadata', (type: avsc.Type) => {
      schema = type.schema({ exportAttrs: true });
    });
    decoder.on('data', (record) => records.push(record as Record<string, unknown>));
    decoder.once('error', (error) => reject(new Error(key, { cause: error })));
    decoder.once('end', () => resolve({ schema, records }));
    decoder.end(Buffer.from(bytes));
  });

it.each(['none', 'gzip', 'zstd'])('is read back without loss (compression %s)', async (compression) => {
  const builder = new ChangeBatchBuilder();
  const transaction = builder.transaction({ commitLsn: lsn(10n), xid: 1, commitTimeUs: 0n, complete: true });
  const row = tuple(VALUES.map(([, , , text]) => text));
  const key = tuple(VALUES.map((_, index) => (index === 0 ? '7' : null)));
  builder.add(Op.Update, 0, SCHEMA, NO_TUPLE, builder.addTuple(row, 0, row.length), transaction, 0);
  builder.add(Op.Delete, 0, SCHEMA, builder.addTuple(key, 0, key.length), NO_TUPLE, transaction, 1);
  await write({ compression }, [builder.build(0)]);
  expect((await bucket.keys())[0]).toMatch(/^public\.t\/.*\.avro$/);
  const declared = Object.fromEntries(VALUES.map(([name, , , , type]) => [name, type]));
  const rows = await readRows(bucket.config, { format: 'avro', columns: { __op: 'text', __lsn: 'text', ...declared } });
  const shown = (text: Field, kind: ColumnKind): unknown => {
    if (kind === 'integer' || kind === 'float') return Number(text);
    if (kind === 'bigint') return BigInt(text!);
    return kind === 'boolean' ? text === 't' : text;
  };
  expect(rows).toEqual([
    { __op: 'u', __lsn: '0/A', ...Object.fromEntries(VALUES.map(([name, kind, , text]) => [name, shown(text, kind)])) },
    { __op: 'd', __lsn: '0/A', ...Object.fromEntries(VALUES.map(([name]) => [name, name === 'id' ? 7 : null])) },
  ]);
});

it.each(['none', 'gzip'])("holds many blocks that Avro's own library reads (compression %s)", async (compression) => {
  const batches = Array.from({ length: 20 }, (_, at) =>
    eventBatch(at * 500, (at + 1) * 500, [tableOf('t')], 'n'.repeat(100)),
  );
  await write({ compression, metadata: false, deletes: 'skip' }, batches);
  const [key] = await bucket.keys();
  const { schema, records } = await decoded(key!, await bucket.bytes(key!));
  expect(schema).toMatchObject({ type: 'record', name: 'public.t' });
  expect(records.map(({ id }) => id)).toEqual(Array.from({ length: 10_000 }, (_, id) => id));
  const runs = await runInPieces(bucket.config, { format: 'avro' }, 10_000);
  expect(runs.length).toBeGreaterThan(2);
  expect(runs.flat().map(({ id }) => id)).toEqual(records.map(({ id }) => id));
});

it("reads what Avro's own library has written, and says what is wrong with an object", async () => {
  const encoder = new avsc.streams.BlockEncoder(
    avsc.Type.forSchema({
      type: 'record',
      name: 'r',
      fields: [
        { name: 'id', type: 'int' },
        { name: 'note', type: ['null', 'string'] },
      ],
    }),
    { codec: 'deflate', blockSize: 1_024 },
  );
  const pieces: Buffer[] = [];
  encoder.on('data', (piece: Buffer) => pieces.push(piece));
  for (let id = 0; id < 2_000; id++) encoder.write({ id, note: id % 2 === 0 ? null : `n${id}` });
  encoder.end();
  await new Promise((resolve) => encoder.once('end', resolve));
  const bytes = Buffer.concat(pieces);
  const put = (body: Uint8Array) =>
    bucket.client.send(new PutObjectCommand({ Bucket: bucket.config.bucket, Key: 'a.avro', Body: body }));
  await put(bytes);
  const read = (columns: Record<string, string> = { id: 'integer', note: 'text' }) =>
    readRows(bucket.config, { format: 'avro', columns });
  const rows = await read({ id: 'bigint', note: 'text', missing: 'text' });
  expect(rows).toHaveLength(2_000);
  expect(rows.slice(-2)).toEqual([
    { id: 1_998n, note: null, missing: null },
    { id: 1_999n, note: 'n1999', missing: null },
  ]);
  const refused = (message: string) => ({
    code: { code: 's3.row_refused' },
    message: expect.stringContaining(message),
  });
  await expect(read({ id: 'integer', note: 'integer' })).rejects.toMatchObject(refused('row 2 of a.avro in bucket'));
  await put(bytes.subarray(0, bytes.length - 20));
  await expect(read()).rejects.toMatchObject(refused('it is cut off'));
  const damaged = Buffer.from(bytes);
  damaged[bytes.length - 1]! ^= 1;
  await put(damaged);
  await expect(read()).rejects.toMatchObject(refused('it is damaged'));
  await put(Buffer.from('id,note\n'));
  await expect(read()).rejects.toMatchObject(refused('it is no Avro container file'));
});
