import { gzipSync } from 'node:zlib';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '@millrace/formats';
import { testS3 } from '@millrace/testing';
import { RecordedRefusals, type SavedSnapshot } from '@millrace/testing/drivers';
import { startSource } from './test-support/drive-source.ts';
import { TestBucket } from './test-support/test-bucket.ts';

let bucket: TestBucket;
beforeEach(async () => {
  bucket = await TestBucket.create((await testS3()).url);
});
afterEach(() => bucket[Symbol.dispose]());

const put = (key: string, body: string | Uint8Array) =>
  bucket.client.send(new PutObjectCommand({ Bucket: bucket.config.bucket, Key: key, Body: body }));
const edited = (record: EventRecord, after: Readonly<Record<string, string | null>>): EventRecord => ({
  ...record,
  after: { ...record.after, ...after },
});
/** A letter without its number in the object. */
const partsOf = ({ after }: EventRecord) => [after!['object'], after!['row'], after!['header'], after!['value']];

const NDJSON = Buffer.concat([
  Buffer.from('{"id":1,"note":"ä"}\n{"id":2,"note":\n'),
  Buffer.from([0x7b, 0xff, 0xfe, 0x0a]),
  Buffer.from('{"note":"no id"}\n\n{"id":3,"note":"c"}'),
]);
const CSV = Buffer.from('id,note\n1,ä\n2,"b" c\nthree,c\n4,"d,\nd"\n5,"not closed\n');

describe('lines that an S3 source cannot read', () => {
  it.each([
    [
      'ndjson',
      'a.ndjson.gz',
      gzipSync(NDJSON),
      ['1 ä', '3 c'],
      [
        ['a.ndjson.gz', '2', null, '{"id":2,"note":'],
        ['a.ndjson.gz', '3', null, 'base64:e//+'],
        ['a.ndjson.gz', '4', null, '{"note":"no id"}'],
      ],
    ],
    [
      'csv',
      'a.csv',
      CSV,
      ['1 ä', '4 d,\nd'],
      [
        ['a.csv', '2', '"id","note"', '2,"b" c'],
        ['a.csv', '3', '"id","note"', '"three","c"'],
        ['a.csv', '5', '"id","note"', '5,"not closed\n'],
      ],
    ],
  ])(
    'are set aside as they stand there, of %s, and taken when they are mended',
    async (format, key, body, rows, aside) => {
      await put(key, body);
      const refusals = new RecordedRefusals();
      const source = await startSource(bucket.config, { format }, { refusals });
      await source.run();
      const read = () => source.events.map(({ id, note }) => `${id as number} ${note as string}`);
      expect(read()).toEqual(rows);
      expect(refusals.refused.map(partsOf)).toEqual(aside);
      expect(new Set(refusals.reasons)).toEqual(new Set(['s3.row_refused']));
      const [first] = refusals.refused;
      await source.giveBack(first!);
      expect(refusals.refused.map(partsOf).slice(3)).toEqual([aside[0]]);
      await source.giveBack(edited(first!, { value: format === 'csv' ? '2,"b, c"' : '{"id":2,"note":"b, c"}' }));
      expect(read()).toEqual([...rows, '2 b, c']);
      await source.close();
    },
  );

  it('are set aside once, whatever the snapshot is that a source goes on from', async () => {
    const lines = Array.from({ length: 5_000 }, (_, id) => (id % 500 === 7 ? `broken ${id}` : `{"id":${id}}`));
    await put('a.ndjson', lines.join('\n'));
    const ids: unknown[] = [];
    const aside: unknown[] = [];
    let restored: SavedSnapshot | undefined;
    for (let isDone = false; !isDone; ) {
      const refusals = new RecordedRefusals();
      const source = await startSource(bucket.config, {}, { refusals, restored, batchesMax: 1 });
      // Stopped once the outbox has refused for a while, with pieces read ahead.
      let turns = 0;
      await source.until(() => turns++ === 20);
      isDone = source.isDone;
      restored = await source.save();
      ids.push(...source.events.map(({ id }) => id));
      aside.push(...refusals.refused.map(({ after }) => after!['value']));
      await source.close();
    }
    expect(aside).toEqual(lines.filter((line) => line.startsWith('broken')));
    expect(ids).toEqual(lines.flatMap((line, id) => (line.startsWith('broken') ? [] : [id])));
  });

  it('are kept up to a limit, and not read again before they are whole', async () => {
    await put('a.ndjson', `{"id":1,"note":"${'x'.repeat(300_000)}\n{"id":2}\n`);
    const refusals = new RecordedRefusals();
    const source = await startSource(bucket.config, {}, { refusals });
    await source.run();
    const [first] = refusals.refused;
    expect([first!.after!['value']!.length, first!.after!['cut']]).toEqual([262_144, 'value had 300016 bytes']);
    await source.giveBack(edited(first!, { value: '{"id":1}' }));
    expect(refusals.reasons).toEqual(['s3.row_refused', 'source.unread_cut']);
    await source.giveBack(edited(first!, { value: '{"id":1}', cut: null }));
    expect(source.events.map(({ id }) => id)).toEqual([2, 1]);
    await source.close();
  });
});
