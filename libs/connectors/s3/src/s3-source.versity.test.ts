import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Row } from '@millrace/formats';
import { SeededRandom, testVersity } from '@millrace/testing';
import { startSource } from './test-support/drive-source.ts';
import { TestBucket } from './test-support/test-bucket.ts';

/** More than one page of a listing has. */
const OBJECTS = 1_200;
const PUTS_AT_ONCE = 16;

const idsOf = (rows: readonly Row[]): number[] => rows.map(({ id }) => id as number);

let bucket: TestBucket;
beforeEach(async () => {
  bucket = await TestBucket.create((await testVersity()).url);
});
afterEach(() => bucket[Symbol.dispose]());

async function put(ids: readonly number[]): Promise<void> {
  for (let at = 0; at < ids.length; at += PUTS_AT_ONCE) {
    const puts = ids.slice(at, at + PUTS_AT_ONCE).map((id) => {
      // Names have nothing to do with the order in which they come.
      const Key = `in/${(id * 7_919) % 100_003}/${id}.ndjson`;
      return bucket.client.send(new PutObjectCommand({ Bucket: bucket.config.bucket, Key, Body: `{"id":${id}}\n` }));
    });
    await Promise.all(puts);
  }
}

it('reads each of thousands of objects once, which come in any order while it reads and is started again', async () => {
  const random = new SeededRandom(7);
  const ids = Array.from({ length: OBJECTS }, (_, id) => id);
  for (let at = OBJECTS - 1; at > 0; at--) {
    const other = random.integer(0, at);
    [ids[at], ids[other]] = [ids[other]!, ids[at]!];
  }
  await put(ids.slice(0, 1_050));
  const stage = { objects: 'in/**/*.ndjson', follow: true, poll: '1s', columns: { id: 'integer' } };
  const first = await startSource(bucket.config, stage);
  const arriving = put(ids.slice(1_050, 1_100));
  await first.until(() => first.events.length >= 600);
  const restored = await first.save();
  const found = idsOf(first.events);
  await first.close();
  await arriving;
  const second = await startSource(bucket.config, stage, { restored });
  await second.until(() => found.length + second.events.length >= 1_100);
  await put(ids.slice(1_100));
  await second.until(() => found.length + second.events.length >= OBJECTS);
  found.push(...idsOf(second.events));
  expect(found.toSorted((a, b) => a - b)).toEqual(Array.from({ length: OBJECTS }, (_, id) => id));
  // What it remembers is a hash of 16 characters for each.
  expect((await second.save()).entries[0]!.value.length).toBeLessThan(OBJECTS * 20 + 200);
  await second.close();
});

it('does not read an object again that is written again after it was read', async () => {
  await put([1]);
  const source = await startSource(bucket.config, { follow: true, poll: '1s', columns: { id: 'integer' } });
  await source.until(() => source.events.length === 1);
  const Key = (await bucket.keys())[0]!;
  await bucket.client.send(new PutObjectCommand({ Bucket: bucket.config.bucket, Key, Body: '{"id":100}\n' }));
  await put([2]);
  await source.until(() => source.events.length === 2);
  expect(idsOf(source.events)).toEqual([1, 2]);
  await source.close();
});
