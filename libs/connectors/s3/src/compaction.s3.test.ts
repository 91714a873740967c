import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '@millrace/kernel';
import { testS3 } from '@millrace/testing';
import { eventBatch, JOB, startSink, tableOf } from './test-support/drive.ts';
import { readRows } from './test-support/drive-source.ts';
import { liveObjects } from './test-support/live-objects.ts';
import { runCompactor } from './test-support/run-compactor.ts';
import { TestBucket } from './test-support/test-bucket.ts';

const TABLES = [tableOf('a'), tableOf('b')];
const SNAPSHOTS = 10;
const ROWS_EACH = 20;
const ROWS = SNAPSHOTS * ROWS_EACH;
const COMPACTION = { below: '1MiB', keep: '1h' };
const HOUR_MS = 3_600_000;
const ALL = Array.from({ length: ROWS }, (_, id) => id);

let folder: string;
let duck: DuckDBConnection;
let bucket: TestBucket;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-compaction-'));
  duck = await (await DuckDBInstance.create(':memory:')).connect();
});
afterAll(async () => {
  duck.disconnectSync();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  bucket = await TestBucket.create((await testS3()).url);
});
afterEach(() => bucket[Symbol.dispose]());

async function writeSmallObjects(stage: Record<string, unknown> = {}): Promise<void> {
  const sink = await startSink({ config: bucket.config, generation: 1, stage });
  for (let snapshot = 1; snapshot <= SNAPSHOTS; snapshot++) {
    await sink.write(eventBatch((snapshot - 1) * ROWS_EACH, snapshot * ROWS_EACH, TABLES));
    await sink.prepare(snapshot);
    await sink.commit(snapshot);
  }
  await sink.close();
}

const compact = (stage: Record<string, unknown> = {}, laterMs = 0) =>
  runCompactor(bucket, { compaction: COMPACTION, ...stage }, laterMs);

/** Ids that a reader by manifests finds, of NDJSON. */
const idsByManifest = async (): Promise<number[]> =>
  (await bucket.ids(await liveObjects(bucket))).sort((a, b) => a - b);

describe('compaction', () => {
  it.each([
    [{ format: 'ndjson', compression: 'none' }, 'read_json'],
    [{ format: 'ndjson', compression: 'zstd' }, 'read_json'],
    [{ format: 'csv', compression: 'gzip' }, 'read_csv'],
    [{ format: 'parquet', compression: 'zstd' }, 'read_parquet'],
  ])('keeps each row once for DuckDB, before, during and after (%j)', async (stage, reader) => {
    const asked = async (keys: readonly string[]) => {
      const files = await Promise.all(
        keys.map(async (key, index) => {
          const file = join(folder, `${index}${key.slice(key.lastIndexOf('/')).replace(/^[^.]*/, '')}`);
          await writeFile(file, await bucket.bytes(key));
          return `'${file}'`;
        }),
      );
      const rows = await duck.runAndReadAll(
        `select __table as t, count(*)::int as n, count(distinct id)::int as ids, list(id order by __lsn, __index) = list(id order by id) as ordered, any_value(note) as note, min(__op) as op from ${reader}([${files.join()}]) group by all order by all`,
      );
      return rows.getRowObjects();
    };
    const half = ROWS / TABLES.length;
    const expected = TABLES.map(({ id }) => ({ t: id, n: half, ids: half, ordered: true, note: 'x', op: 'c' }));
    await writeSmallObjects(stage);
    const before = await liveObjects(bucket);
    expect(await asked(before)).toEqual(expected);
    expect(await compact(stage)).toBe(before.length - TABLES.length);
    const after = await liveObjects(bucket);
    expect(after).toHaveLength(TABLES.length);
    expect(await asked(after)).toEqual(expected);
    // A reader that looked before still finds what it saw.
    expect(await asked(before)).toEqual(expected);
    expect(await compact(stage, HOUR_MS)).toBe(0);
    expect(await bucket.keys()).toEqual(after);
    expect(await asked(after)).toEqual(expected);
  });

  it('merges Avro files block by block', async () => {
    const stage = { format: 'avro', compression: 'gzip' };
    await writeSmallObjects(stage);
    await compact(stage);
    await compact(stage, HOUR_MS);
    expect(await bucket.keys()).toHaveLength(TABLES.length);
    const rows = await readRows(bucket.config, { format: 'avro', objects: 'public.*/*' });
    expect(rows.map(({ id }) => id as number).sort((a, b) => a - b)).toEqual(ALL);
  });

  it('says in its log what stands for what', async () => {
    await writeSmallObjects();
    await compact();
    const [key] = (await bucket.allKeys()).filter((each) => each.includes('_millrace/compactions/'));
    expect(key).toBe(`_millrace/compactions/${JOB.jobId}/${JOB.stage}/0000000001.json`);
    const found = JSON.parse(await bucket.text(key!));
    expect(found).toMatchObject({
      format: 1,
      number: 1,
      objects: TABLES.map(() => ({ rows: ROWS / 2, first: { lsn: '0/14' }, last: { lsn: '0/C8' } })),
      tables: TABLES.map(({ id }) => ({ table: id })),
    });
    expect(found.replaces).toHaveLength(SNAPSHOTS * TABLES.length);
  });

  it('goes on with what comes later, also after a restart, and merges what it had merged', async () => {
    await writeSmallObjects();
    await compact();
    const sink = await startSink({ config: bucket.config, generation: 2 });
    for (let snapshot = 1; snapshot <= SNAPSHOTS; snapshot++) {
      await sink.write(eventBatch(ROWS + (snapshot - 1) * ROWS_EACH, ROWS + snapshot * ROWS_EACH, TABLES));
      await sink.prepare(snapshot);
      await sink.commit(snapshot);
    }
    await sink.close();
    await compact();
    expect(await liveObjects(bucket)).toHaveLength(TABLES.length);
    expect(await idsByManifest()).toEqual(Array.from({ length: 2 * ROWS }, (_, id) => id));
    // In order, within a table.
    const ids = await bucket.ids((await liveObjects(bucket)).slice(0, 1));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  });

  it('leaves out an object that is not as its manifest says', async () => {
    await writeSmallObjects();
    const [key] = await bucket.keys();
    await bucket.client.send(new PutObjectCommand({ Bucket: bucket.config.bucket, Key: key!, Body: '{"id":0}\n' }));
    await compact();
    expect(await liveObjects(bucket)).toContain(key);
    expect((await liveObjects(bucket)).filter((each) => each.startsWith('public.b/'))).toHaveLength(1);
  });

  it('runs in the sink, beside the rows', async () => {
    const stage = { compaction: { ...COMPACTION, every: '2h' } };
    let late = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => performance.now() + late, nowMs: () => Date.now() };
    const sink = await startSink({ config: bucket.config, generation: 1, stage, clock });
    for (let snapshot = 1; snapshot <= SNAPSHOTS; snapshot++) {
      await sink.write(eventBatch((snapshot - 1) * ROWS_EACH, snapshot * ROWS_EACH, TABLES));
      await sink.prepare(snapshot);
      if (snapshot === SNAPSHOTS) late = 2 * HOUR_MS;
      await sink.commit(snapshot);
    }
    for (const start = performance.now(); sink.counters.get('objectsCompacted') === undefined; ) {
      expect(performance.now() - start).toBeLessThan(120_000);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await sink.close();
    expect(sink.counters.get('compactionsFailed')).toBeUndefined();
    expect((await liveObjects(bucket)).length).toBeLessThan(SNAPSHOTS * TABLES.length);
    expect(await idsByManifest()).toEqual(ALL);
  });
});
