import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { secretFields } from '@millrace/connector-contract';
import { freePort, testS3 } from '@millrace/testing';
import { s3Sink } from './index.ts';
import { eventBatch, JOB, startSink, tableOf } from './test-support/drive.ts';
import { TestBucket } from './test-support/test-bucket.ts';

const signal = new AbortController().signal;
let bucket: TestBucket;
beforeEach(async () => {
  bucket = await TestBucket.create((await testS3()).url);
});
afterEach(() => bucket[Symbol.dispose]());

const stageProblems = (stage: Record<string, unknown>): string[] =>
  s3Sink.stage.safeParse(stage).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

describe('s3 connector', () => {
  it('finds nothing wrong with a bucket it may write to, and leaves nothing there', async () => {
    expect(await s3Sink.check(bucket.config, signal)).toEqual([
      { code: 's3.bucket_writable', severity: 'ok', message: expect.stringContaining(bucket.config.bucket) },
    ]);
    expect(await bucket.allKeys()).toEqual([]);
    expect(await bucket.uploads()).toEqual([]);
  });

  it('tells a missing bucket, wrong keys and an unreachable server apart', async () => {
    const finding = async (more: Record<string, unknown>) => {
      const [found] = await s3Sink.check({ ...bucket.config, ...more }, signal);
      return [found!.severity, found!.code, found!.pointer];
    };
    expect(await finding({ bucket: 'not-there' })).toEqual(['error', 's3.bucket_missing', '/bucket']);
    expect(await finding({ secretAccessKey: 'wrong' })).toEqual(['error', 's3.access_denied', '/bucket']);
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    expect(await finding({ endpoint })).toEqual(['error', 's3.unreachable', '/endpoint']);
  });

  it('never says the secret', async () => {
    const secretAccessKey = 'do-not-tell';
    const findings = [
      ...(await s3Sink.check({ ...bucket.config, secretAccessKey }, signal)),
      ...(await s3Sink.check({ ...bucket.config, secretAccessKey, bucket: 'not-there' }, signal)),
    ];
    expect(JSON.stringify(findings)).not.toContain(secretAccessKey);
    expect(secretFields(s3Sink.config)).toEqual(['secretAccessKey']);
  });

  it('checks the columns of a path', async () => {
    const findings = async (stage: Record<string, unknown>, table = tableOf('orders')) =>
      (
        await s3Sink.checkStage(
          { config: bucket.config, stage: s3Sink.stage.parse(stage), job: JOB },
          { tables: [table] },
          signal,
        )
      )
        .filter(({ severity }) => severity !== 'ok')
        .map(({ code, severity, pointer }) => `${severity} ${code} ${pointer}`);
    expect(await findings({ path: 'x/{row.id}' })).toEqual([]);
    expect(await findings({ path: 'x/{row.status}' })).toEqual(['error s3.path_unknown_column /path']);
    expect(await findings({ path: 'x/{row.note}' })).toEqual(['warning s3.path_unknown_for_deletes /path']);
    expect(await findings({ path: 'x/{row.note}', deletes: 'skip' })).toEqual([]);
    expect(await findings({ path: '{yyyy}', timeColumn: 'note' })).toEqual(['error s3.path_no_time /timeColumn']);
    expect(await findings({ path: '{yyyy}', timeColumn: 'at' })).toEqual(['error s3.path_unknown_column /timeColumn']);
    expect(await findings({ path: 'x/{row.note}' }, { ...tableOf('orders'), replicaIdentity: 'full' })).toEqual([]);
  });

  it.each([
    '/abs',
    'a/../b',
    '.hidden',
    '_hidden',
    'a//b',
    '{secret}',
    '{row.}',
    '{table',
    'a\\b',
    'a?b',
    '',
    'x/{row.a}{row.b}{row.c}{row.d}{row.e}',
  ])('refuses the path %j', (path) => {
    expect(stageProblems({ path })).toHaveLength(1);
  });

  it('refuses options that do not fit together, and says why', () => {
    expect(stageProblems({})).toEqual([]);
    expect(stageProblems({ path: 'a={row.a b}/{yyyy}/{mm}/{dd}/{hh}/{schema}.{table}-{job}' })).toEqual([]);
    expect(stageProblems({ partBytes: '1MiB' })).toEqual(['partBytes: a size from 5120KiB to 256MiB, such as 8MiB']);
    expect(stageProblems({ timeColumn: 'at' })).toEqual(['timeColumn: the path has none of {yyyy}, {mm}, {dd}, {hh}']);
    expect(stageProblems({ rollBytes: '100GiB', partBytes: '5MiB' })).toEqual([
      'rollBytes: an object has at most 10000 parts: raise partBytes or lower rollBytes',
    ]);
    expect(stageProblems({ memory: '16MiB' })).toEqual(['memory: at least 3 times partBytes']);
    expect(stageProblems({ metadata: false })).toEqual([
      'deletes: without metadata a deleted row looks like any other: set metadata to true, or deletes to skip',
    ]);
    expect(stageProblems({ rollAfter: '1ms' })).toEqual(['rollAfter: a duration of at least 1s, such as 1m']);
    expect(stageProblems({ requests: 0, rollRows: 0, paths: 'x' })).toHaveLength(3);
    const config = { bucket: 'lake', accessKeyId: 'key' };
    expect(s3Sink.config.safeParse(config).success).toBe(false);
    expect(s3Sink.config.parse({ bucket: 'lake' })).toEqual({
      bucket: 'lake',
      prefix: '',
      region: 'us-east-1',
      pathStyle: false,
    });
    expect(s3Sink.config.safeParse({ bucket: 'lake', prefix: 'no-slash' }).success).toBe(false);
    expect(s3Sink.showsRowsAtOnce(s3Sink.stage.parse({}))).toBe(false);
  });

  it('keeps to its prefix, and removes what was never shown when the job is deleted, twice', async () => {
    const config = { ...bucket.config, prefix: 'lake/raw/' };
    const sink = await startSink({ config, generation: 1, stage: { path: 'all' } });
    await sink.write(eventBatch(0, 10));
    await sink.prepare(1);
    await sink.commit(1);
    await sink.write(eventBatch(10, 20));
    await sink.prepare(2);
    await sink.close();
    expect((await bucket.allKeys()).every((key) => key.startsWith('lake/raw/'))).toBe(true);
    expect(await bucket.uploads()).not.toEqual([]);
    const options = { config, stage: s3Sink.stage.parse({ path: 'all' }), job: JOB };
    await s3Sink.dispose!(options, signal);
    expect(await bucket.uploads()).toEqual([]);
    expect((await bucket.allKeys()).filter((key) => key.includes('fences'))).toEqual([]);
    expect((await bucket.ids(await bucket.keys())).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await s3Sink.dispose!(options, signal);
  });

  it('stops at once when the execution is stopped, also while the server does not answer', async () => {
    const stopping = new AbortController();
    const asked = Promise.withResolvers<void>();
    const silent = createServer(() => asked.resolve()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const config = { ...bucket.config, endpoint: `http://127.0.0.1:${port}` };
    const starting = startSink({ config, generation: 1, signal: stopping.signal });
    await asked.promise;
    stopping.abort(new Error('stopped'));
    await expect(starting).rejects.toThrow('stopped');
    silent.closeAllConnections();
    silent.close();
  });
});
