import { gzipSync, zstdCompressSync } from 'node:zlib';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { S3Server, testS3 } from '@millrace/testing';
import { DrivenSource, type DriveSourceOptions, type SavedSnapshot } from '@millrace/testing/drivers';
import { s3Source } from './index.ts';
import { eventBatch, JOB, startSink, tableOf } from './test-support/drive.ts';
import { TestBucket } from './test-support/test-bucket.ts';

let bucket: TestBucket;
beforeEach(async () => {
  bucket = await TestBucket.create((await testS3()).url);
});
afterEach(() => bucket[Symbol.dispose]());

const put = (key: string, body: string | Uint8Array) =>
  bucket.client.send(new PutObjectCommand({ Bucket: bucket.config.bucket, Key: key, Body: body }));
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `{"id":${from + index},"note":"n"}\n`).join('');
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

/** One instance of the source; of its events the ids. */
const startSource = (
  stage: Record<string, unknown>,
  more: Partial<DriveSourceOptions<number>> = {},
): Promise<DrivenSource<number>> =>
  DrivenSource.start(s3Source, {
    config: bucket.config,
    stage: {
      objects: '**',
      table: 'public.t',
      columns: { id: 'integer', note: 'text' },
      key: ['id'],
      follow: false,
      ...stage,
    },
    job: JOB,
    read: (batch) => changeEvents(batch).map(({ after }) => after!['id'] as number),
    ...more,
  });

describe('s3 source', () => {
  it('reads objects by name, compressed or not, in one format', async () => {
    await put('in/b.ndjson.gz', gzipSync(lines(10, 20)));
    await put('in/a.ndjson', lines(0, 10));
    await put('in/deep/c.ndjson.zst', zstdCompressSync(lines(20, 25)));
    await put('in/d.csv', 'id\n99\n');
    const source = await (await startSource({ objects: 'in/**/*.ndjson*' })).run();
    expect(source.events).toEqual(numbers(0, 25));
    await source.close();
    const csv = await (await startSource({ objects: 'in/*.csv', format: 'csv', columns: { id: 'integer' } })).run();
    expect(csv.events).toEqual([99]);
    await csv.close();
  });

  it('goes on after any piece at the very row', async () => {
    await put('a.ndjson', lines(0, 20_000));
    await put('b.ndjson.gz', gzipSync(lines(20_000, 30_000)));
    const all: number[] = [];
    let restored: SavedSnapshot | undefined;
    let runs = 0;
    for (let isOver = false; !isOver; runs++) {
      const limit = 3 + runs;
      const source = await startSource({}, { batchesMax: limit, restored });
      let taken = -1;
      let idle = 0;
      // Stopped once the outbox has refused for a while, with pieces read ahead.
      await source.until(() => {
        idle = source.events.length === taken ? idle + 1 : 0;
        taken = source.events.length;
        return idle > 30 && taken > 0;
      });
      restored = await source.save();
      all.push(...source.events);
      isOver = all.length >= 30_000 || source.events.length === 0;
      await source.close();
    }
    expect(runs).toBeGreaterThan(3);
    expect(all).toEqual(numbers(0, 30_000));
  });

  it('follows with objects that come later, whatever their names, and none twice', async () => {
    await put('m.ndjson', lines(0, 5));
    const first = await startSource({ follow: true, poll: '1s' });
    await first.until(() => first.events.length === 5);
    await put('a.ndjson', lines(5, 8));
    await first.until(() => first.metric('objectsRead') === 2);
    const restored = await first.save();
    await first.close();
    await put('z.ndjson', lines(8, 10));
    // Read and removed: it is forgotten.
    await bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.config.bucket, Key: 'm.ndjson' }));
    const second = await startSource({ follow: true, poll: '1s' }, { restored });
    await second.until(() => second.metric('objectsRead') === 1);
    expect([...first.events, ...second.events]).toEqual(numbers(0, 10));
    expect(JSON.parse(Buffer.from((await second.save()).entries[0]!.value).toString()).seen).toHaveLength(2);
    await second.close();
  });

  it('names the object, the row and what is wrong with it', async () => {
    await put('a.ndjson', `${lines(0, 3)}{"id":"x"}\n`);
    await expect((await startSource({})).run()).rejects.toMatchObject({
      code: { code: 's3.row_refused' },
      message: expect.stringMatching(/^row 4 of a\.ndjson in bucket .*: its "id" is not an integer$/),
    });
    await put('b.ndjson.gz', gzipSync(lines(0, 10_000)).subarray(0, 5_000));
    await expect((await startSource({ objects: '*.gz' })).run()).rejects.toMatchObject({
      code: { code: 's3.row_refused' },
      message: expect.stringContaining('damaged'),
    });
  });

  it('does not go on in an object that was written again', async () => {
    await put('a.ndjson', lines(0, 20_000));
    const first = await startSource({}, { batchesMax: 2 });
    await first.until(() => first.events.length > 0);
    const restored = await first.save();
    await first.close();
    await put('a.ndjson', lines(5, 20_000));
    await expect((await startSource({}, { restored })).run()).rejects.toMatchObject({
      code: { code: 's3.object_changed' },
    });
  });

  it('reads on when the server is killed and comes back', async () => {
    await using server = await S3Server.start();
    bucket[Symbol.dispose]();
    bucket = await TestBucket.create(server.url);
    for (const name of ['a', 'b', 'c']) await put(`${name}.ndjson`, lines(0, 50_000));
    const source = await startSource({});
    await source.until(() => source.events.length > 10_000);
    await server.restart('SIGKILL');
    await source.run();
    expect(source.events).toHaveLength(150_000);
    expect(source.events.slice(0, 50_000)).toEqual(numbers(0, 50_000));
    await source.close();
  });

  it('reads what the sink has written', async () => {
    for (const stage of [
      { format: 'ndjson', compression: 'zstd' },
      { format: 'csv', compression: 'gzip' },
    ]) {
      const config = { ...bucket.config, prefix: `${stage.format}/` };
      const sink = await startSink({ config, generation: 1, stage });
      await sink.write(eventBatch(0, 1_000, [tableOf('t')]));
      await sink.prepare(1);
      await sink.commit(1);
      await sink.close();
      const source = await (await startSource({ objects: `${stage.format}/public.t/*`, format: stage.format })).run();
      expect(source.events).toEqual(numbers(0, 1_000));
      await source.close();
    }
  });

  it('describes its table and refuses options that do not fit', async () => {
    const signal = new AbortController().signal;
    const stage = s3Source.stage.parse({
      objects: '**',
      table: 'public.orders',
      columns: { id: 'bigint', at: 'timestamptz' },
      key: ['id'],
    });
    const { shape, findings } = await s3Source.describe({ config: bucket.config, stage, job: JOB }, signal);
    expect(findings).toEqual([expect.objectContaining({ severity: 'ok', code: 's3.bucket_readable' })]);
    expect(shape.tables[0]).toMatchObject({
      id: 'public.orders',
      columns: [
        { name: 'id', kind: 'bigint', sqlType: 'bigint', key: true },
        { name: 'at', kind: 'timestamptz', sqlType: 'timestamp with time zone', key: false },
      ],
    });
    const [missing] = await s3Source.check({ ...bucket.config, bucket: 'not-there' }, signal);
    expect(missing).toMatchObject({ severity: 'error', code: 's3.bucket_missing' });
    const fits = (more: Record<string, unknown>): boolean => s3Source.stage.safeParse({ ...stage, ...more }).success;
    expect(fits({})).toBe(true);
    for (const more of [
      { table: 'orders' },
      { columns: {} },
      { columns: { id: 'int4' } },
      { key: ['x'] },
      { poll: '1ms' },
    ])
      expect(fits(more)).toBe(false);
  });
});
