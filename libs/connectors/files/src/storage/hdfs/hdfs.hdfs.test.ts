import { userInfo } from 'node:os';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { freePort, testHdfs } from '@millrace/testing';
import { insertBatch, insertBatches, numbers } from '@millrace/testing/acceptance';
import { DrivenSink, DrivenSource } from '@millrace/testing/drivers';
import { filesSink } from '../../connector.ts';
import { filesSource } from '../../source/files-source.ts';
import { hdfsFolder } from '../../test-support/hdfs-folder.ts';
import { WebHdfs } from './web-hdfs.ts';

let url: string;
let folder: Awaited<ReturnType<typeof hdfsFolder>>;

beforeAll(async () => {
  ({ url } = await testHdfs());
});
beforeEach(async () => {
  folder = await hdfsFolder(url, `/${ulids.next()}`);
});
afterEach(() => folder[Symbol.asyncDispose]());

const ROWS = { table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] } as const;
const startSink = (stage: object, config: object = folder.config) => DrivenSink.start(filesSink, { config, stage });
const startSource = (stage: object) =>
  DrivenSource.start(filesSource, {
    config: folder.config,
    stage: { ...ROWS, poll: '100ms', ...stage },
    read: (batch) => changeEvents(batch).map(({ after }) => Number(after!['id'])),
  });

describe('what the sink has written', () => {
  it.each([
    ['parquet', 'none'],
    ['avro', 'zstd'],
    ['ndjson', 'gzip'],
    ['csv', 'none'],
  ])('is read by the source: %s, compressed by %s', async (format, compression) => {
    await using sink = await startSink({ format, compression, deletes: 'skip' });
    await sink.write(...insertBatches(0, 100));
    await sink.snapshot(1);
    await using source = await startSource({ files: 'public.orders/*', format, follow: false });
    await source.run();
    expect(source.events).toEqual(numbers(0, 100));
  });

  it('goes to HDFS in pieces, and comes back in blocks', async () => {
    await using sink = await startSink({ format: 'ndjson', deletes: 'skip' });
    // 20 MB: three requests for one file.
    const note = 'n'.repeat(10_000);
    for (let at = 0; at < 2_000; at += 100) await sink.write(insertBatch(at, at + 100, note));
    await sink.snapshot(1);
    expect(await folder.visible()).toHaveLength(1);
    await using source = await startSource({ files: '**/*.ndjson', follow: false });
    await source.run();
    expect(source.events).toEqual(numbers(0, 2_000));
  });
});

it('reads a file on that was renamed, and the new one of its name', async () => {
  const admin = new WebHdfs({ nameNodes: [url], user: userInfo().username });
  await folder.append('log', '{"id":1,"note":"a"}\n');
  await using source = await startSource({ files: 'log' });
  await source.untilEvents(1);
  const { directory } = folder.config;
  await admin.ask({
    method: 'PUT',
    path: `${directory}/log`,
    op: 'RENAME',
    more: { destination: `${directory}/log.1` },
  });
  await admin.send({ method: 'POST', path: `${directory}/log.1`, op: 'APPEND' }, Buffer.from('{"id":2,"note":"b"}\n'));
  await admin.send({ method: 'PUT', path: `${directory}/log`, op: 'CREATE' }, Buffer.from('{"id":3,"note":"c"}\n'));
  expect(await source.untilEvents(3)).toEqual([1, 2, 3]);
  admin.close();
});

it('finds the NameNode that answers', async () => {
  const nameNodes = [`http://127.0.0.1:${await freePort()}`, url];
  await using sink = await startSink({ format: 'ndjson', deletes: 'skip' }, { ...folder.config, nameNodes });
  await sink.write(...insertBatches(0, 10));
  await sink.snapshot(1);
  expect(await folder.lines()).toHaveLength(10);
});

it('finds what is missing: the directory, and the right to write', async () => {
  const check = async (config: object) => {
    const findings = await filesSink.check(filesSink.config.parse(config), new AbortController().signal);
    return findings.map(({ code }) => code);
  };
  expect(await check(folder.config)).toEqual(['files.directory_writable']);
  expect(await check({ ...folder.config, directory: '/not-there' })).toEqual(['files.directory_missing']);
  expect(await check({ ...folder.config, directory: '/' })).toEqual(['files.not_writable']);
});
