import { readFileSync } from 'node:fs';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from '@jest/globals';
import { testS3 } from '@millrace/testing';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { type Line, newLines } from './read-lake.ts';

type Document = { config: Record<string, unknown> };
const document = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Document;

const ROUNDS = 20;
const KILLS = new Set([6, 13]);
const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

it('logs every change of a table in a bucket, exactly once under kill -9', async () => {
  const { origin, username, password: secret } = new URL((await testS3()).url);
  const bucket = `lake-${process.pid}`;
  const keys = { accessKeyId: username, secretAccessKey: secret };
  const s3 = new S3Client({ endpoint: origin, forcePathStyle: true, region: 'us-east-1', credentials: { ...keys } });
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));

  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, workers } = platform;
  await source.query(`
    create table orders (id int primary key, country text not null, version int not null);
    alter table orders replica identity full;
    insert into orders select id, 'de', 0 from generate_series(1, 50) id`);
  const { password, ...connection } = source.connection;
  const [shop, lake] = [document('source'), document('sink')];
  await rest.post('sources', {
    ...shop,
    config: { ...shop.config, ...connection, ...(password === undefined ? {} : { password }) },
  });
  await rest.post('sinks', { ...lake, config: { ...lake.config, ...keys, endpoint: origin, bucket } });
  await rest.post('jobs', document('job'));

  const lines: Line[] = [];
  const seen = new Set<string>();
  const read = async (): Promise<number> => {
    for await (const line of newLines(s3, bucket, seen)) lines.push(line);
    return lines.length;
  };
  while ((await read()) < 50) await pause(100);
  const expected: string[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    await source.query(
      'update orders set version = $1::int, country = (array[$2, $3])[1 + id % 2] where id % 5 = $1::int % 5',
      [round, 'fr', 'it'],
    );
    for (let id = 1; id <= 50; id++) if (id % 5 === round % 5) expected.push(`u ${id} ${round}`);
    if (KILLS.has(round)) {
      await workers[0]!.kill();
      await workers[0]!.start();
    }
  }
  await source.query('delete from orders where id = 7');
  expected.push('d 7 17');
  while ((await read()) < 50 + expected.length) await pause(100);

  const log = lines.map(({ __op, id, version }) => `${__op} ${id} ${version}`);
  expect(log.slice(0, 50).toSorted()).toEqual(Array.from({ length: 50 }, (_, index) => `r ${index + 1} 0`).toSorted());
  // Each event once; those of one row and folder in their order.
  expect(log.slice(50).toSorted()).toEqual(expected.toSorted());
  const versions = lines.filter(({ id }) => id === 12).map(({ version }) => version);
  expect(versions).toEqual(versions.toSorted((a, b) => a - b));

  // The log again, by the source.
  const { config } = lake;
  const place = { ...config, ...keys, endpoint: origin, bucket };
  await rest.post('sources', { name: 'lake', type: 's3', config: place });
  await rest.post('sinks', { name: 'archive', type: 's3', config: { ...place, prefix: 'archive/' } });
  await rest.post('jobs', document('reload'));
  const archived = async (): Promise<string[]> => {
    const { Contents = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: 'archive/orders_log/' }),
    );
    const texts = Contents.map(async ({ Key }) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: Key! }));
      return (await Body!.transformToString()).trimEnd().split('\n').slice(1);
    });
    return (await Promise.all(texts)).flat();
  };
  const status = async () => (await rest.peek<{ status: string }>('jobs/reload-orders'))?.status;
  while ((await status()) !== 'COMPLETED') await pause(200);
  const rows = (await archived()).map((row) => row.split(','));
  expect(rows.map(([op, , id, , version]) => `${op} ${id} ${version}`).toSorted()).toEqual(log.toSorted());
  s3.destroy();
}, 120_000);
