import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ChangeBatch,
  ChangeBatchBuilder,
  type ColumnKind,
  derivedSchema,
  lsn,
  NO_TRANSACTION,
  NO_TUPLE,
  Op,
  type TableSchema,
} from '@millrace/formats';
import { type Clock, systemClock } from '@millrace/kernel';
import { testS3 } from '@millrace/testing';
import { eventBatch, type Field, startSink, tableOf, tuple } from './test-support/drive.ts';
import { TestBucket } from './test-support/test-bucket.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

let bucket: TestBucket;
beforeEach(async () => {
  bucket = await TestBucket.create((await testS3()).url);
});
afterEach(() => bucket[Symbol.dispose]());

/** Writes one batch and returns the texts of the objects by their names' folder and extension. */
async function written(batch: ChangeBatch, stage: Record<string, unknown>): Promise<Record<string, string>> {
  const sink = await startSink({ config: bucket.config, generation: 1, stage });
  await sink.write(batch);
  await sink.prepare(1);
  await sink.commit(1);
  await sink.close();
  const keys = await bucket.keys();
  const entries = keys.map(async (key) => [key.replace(/\/[^/]*-\d{6}\./, '/*.'), await bucket.text(key)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

const VALUES: readonly (readonly [name: string, kind: ColumnKind, text: Field])[] = [
  ['id', 'integer', '1'],
  ['big', 'bigint', '9223372036854775807'],
  ['price', 'exact', '1.10'],
  ['ratio', 'float', '0.1'],
  ['ok', 'boolean', 't'],
  ['doc', 'json', '{"a": [1, "x,y"]}'],
  ['at', 'timestamptz', '2024-01-01 23:59:59.5+00'],
  ['local', 'timestamp', '2024-01-01 00:00:00'],
  ['day', 'date', '2024-02-29'],
  ['clock', 'time', '12:34:56'],
  ['uid', 'uuid', 'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60'],
  ['raw', 'bytea', '\\x00ff'],
  ['note', 'text', 'a "quoted"\nline, ü'],
  ['empty', 'text', ''],
  ['nothing', 'text', null],
  ['large', 'text', undefined],
];

const SCHEMA: TableSchema = {
  id: 'public.t',
  schema: 'public',
  table: 't',
  fieldCount: VALUES.length,
  replicaIdentity: 'default',
  columns: VALUES.map(([name, kind], field) => ({
    name,
    field,
    kind,
    sqlType: kind,
    key: field === 0,
    nullable: field > 0,
  })),
};

interface Event {
  readonly op: number;
  readonly before?: readonly Field[];
  readonly after?: readonly Field[];
  readonly commitTimeUs?: bigint;
}

function batchOf(events: readonly Event[], schema = SCHEMA, receivedMs = 0): ChangeBatch {
  const builder = new ChangeBatchBuilder();
  const add = (fields: readonly Field[] | undefined): number => {
    if (fields === undefined) return NO_TUPLE;
    const bytes = tuple(fields);
    return builder.addTuple(bytes, 0, bytes.length);
  };
  events.forEach(({ op, before, after, commitTimeUs }, index) => {
    const transaction =
      commitTimeUs === undefined
        ? NO_TRANSACTION
        : builder.transaction({ commitLsn: lsn(BigInt(index + 1)), xid: index, commitTimeUs, complete: true });
    builder.add(op, 0, schema, add(before), add(after), transaction, 0);
  });
  return builder.build(receivedMs);
}

const TIME_US = 1_704_153_599_000_001n; // 2024-01-01T23:59:59.000001Z
const ROW = VALUES.map(([, , text]) => text);
const KEY_ONLY = VALUES.map((_, index) => (index === 0 ? '1' : null));
const EVENTS: readonly Event[] = [
  { op: Op.Update, after: ROW, commitTimeUs: TIME_US },
  { op: Op.Delete, before: KEY_ONLY, commitTimeUs: TIME_US },
  { op: Op.Truncate, commitTimeUs: TIME_US },
];

describe('content of s3 objects', () => {
  it('is exact for every kind as NDJSON', async () => {
    const { 'public.t/*.ndjson': text } = await written(batchOf(EVENTS), {});
    expect(text).toBe(
      [
        '{"__op":"u","__table":"public.t","__lsn":"0/1","__index":0,"__commit_time":"2024-01-01T23:59:59.000001Z","id":1,"big":"9223372036854775807","price":"1.10","ratio":0.1,"ok":true,"doc":{"a": [1, "x,y"]},"at":"2024-01-01T23:59:59.5Z","local":"2024-01-01T00:00:00","day":"2024-02-29","clock":"12:34:56","uid":"b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60","raw":"AP8=","note":"a \\"quoted\\"\\nline, ü","empty":"","nothing":null}',
        '{"__op":"d","__table":"public.t","__lsn":"0/2","__index":0,"__commit_time":"2024-01-01T23:59:59.000001Z","id":1}',
        '{"__op":"t","__table":"public.t","__lsn":"0/3","__index":0,"__commit_time":"2024-01-01T23:59:59.000001Z"}',
        '',
      ].join('\n'),
    );
  });

  it('is exact for every kind as CSV', async () => {
    const { 'public.t/*.csv.gz': text } = await written(batchOf(EVENTS), { format: 'csv', compression: 'gzip' });
    expect(text).toBe(
      [
        '__op,__table,__lsn,__index,__commit_time,__unchanged,id,big,price,ratio,ok,doc,at,local,day,clock,uid,raw,note,empty,nothing,large',
        'u,public.t,0/1,0,2024-01-01T23:59:59.000001Z,large,1,9223372036854775807,1.10,0.1,true,"{""a"": [1, ""x,y""]}",2024-01-01T23:59:59.5Z,2024-01-01T00:00:00,2024-02-29,12:34:56,b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60,AP8=,"a ""quoted""',
        'line, ü","",,',
        'd,public.t,0/2,0,2024-01-01T23:59:59.000001Z,,1,,,,,,,,,,,,,,,',
        't,public.t,0/3,0,2024-01-01T23:59:59.000001Z,,,,,,,,,,,,,,,,,',
        '',
      ].join('\n'),
    );
  });

  it("is Debezium's envelope with all there is", async () => {
    const { 'public.t/*.ndjson': text } = await written(batchOf(EVENTS), { format: 'debezium-json', database: 'shop' });
    const lines = text!
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatchObject({ op: 'u', after: { id: 1, note: 'a "quoted"\nline, ü' }, source: { db: 'shop' } });
    expect(lines[1]).toMatchObject({ op: 'd', before: { id: 1 }, after: null });
  });

  it('is rows alone when deletes are skipped and no metadata is wanted', async () => {
    const texts = await written(batchOf(EVENTS), { metadata: false, deletes: 'skip', path: 'rows' });
    expect(Object.keys(texts)).toEqual(['rows/*.ndjson']);
    expect(texts['rows/*.ndjson']).toMatch(/^\{"id":1,[^\n]+\}\n$/);
  });

  it('stops where a line of CSV could not say that a value was not resent', async () => {
    const stage = { format: 'csv', metadata: false, deletes: 'skip' };
    await expect(written(batchOf(EVENTS), stage)).rejects.toMatchObject({
      code: { code: 's3.value_not_resent' },
      message: expect.stringContaining('"large"'),
    });
  });

  it('goes to folders by the time of a column', async () => {
    const columns = [
      ['id', 'integer'],
      ['at', 'timestamptz'],
      ['day', 'date'],
    ] as const;
    const base = derivedSchema(
      'public',
      't',
      columns.map(([name, kind]) => ({ name, kind, sqlType: kind, key: name === 'id' })),
    );
    const rows: readonly (readonly Field[])[] = [
      ['0', '2024-02-29 23:30:00.5+00', '2024-02-28'],
      ['1', '2024-03-01 00:30:00+01', '9999-12-31'],
      ['2', '1969-12-31 23:59:59.999999+00', '0001-01-01'],
      ['3', null, null],
      ['4', 'infinity', '10000-01-01'],
      ['5', '0044-03-15 12:00:00+00 BC', '0044-03-15 BC'],
      ['6', '2024-02-29 23:30:00+00', undefined],
    ];
    const events: Event[] = rows.map((after) => ({ op: Op.Create, after, commitTimeUs: TIME_US }));
    events.push({ op: Op.Delete, before: ['7', null, null], commitTimeUs: TIME_US });
    const folders = async (timeColumn: string) => {
      bucket[Symbol.dispose]();
      bucket = await TestBucket.create((await testS3()).url);
      const texts = await written(batchOf(events, base), { path: `${timeColumn}/{yyyy}-{mm}-{dd}/{hh}`, timeColumn });
      return Object.entries(texts).map(([key, text]) => [
        key.split('/').slice(1, 3).join('/'),
        [...text.matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id)),
      ]);
    };
    const [nothing, unknown] = ['__HIVE_DEFAULT_PARTITION__', '__unknown__'].map(
      (part) => `${part}-${part}-${part}/${part}`,
    );
    expect(Object.fromEntries(await folders('at'))).toEqual({
      '2024-02-29/23': [0, 1, 6],
      '1969-12-31/23': [2],
      [nothing!]: [3],
      [unknown!]: [4, 5, 7],
    });
    expect(Object.fromEntries(await folders('day'))).toEqual({
      '2024-02-28/00': [0],
      '9999-12-31/00': [1],
      '0001-01-01/00': [2],
      [nothing!]: [3],
      [unknown!]: [4, 5, 6, 7],
    });
  });

  it('goes to folders by time and values, whatever these hold', async () => {
    const schema = tableOf('t');
    const long = 'y'.repeat(2_000);
    const notes: Field[] = ['paid', 'a/b ü', '', '.', '_x', '..', null, undefined, long];
    const events: Event[] = notes.map((note, index) => ({
      op: Op.Create,
      after: [String(index), note],
      commitTimeUs: TIME_US,
    }));
    events.push(
      { op: Op.Read, after: ['90', 'paid'] },
      { op: Op.Delete, before: ['91', null], commitTimeUs: TIME_US + 1_000_000n },
    );
    const receivedMs = Date.UTC(2025, 6, 4, 5);
    const texts = await written(batchOf(events, schema, receivedMs), {
      path: '{job}/{table}/{yyyy}-{mm}-{dd}/{hh}/note={row.note}/n',
    });
    const ids = Object.entries(texts).map(
      ([key, text]) =>
        [
          key,
          text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line).id),
        ] as const,
    );
    const day = 'lake/t/2024-01-01/23';
    expect(Object.fromEntries(ids)).toEqual({
      [`${day}/note=paid/n/*.ndjson`]: [0],
      [`${day}/note=a%2Fb%20%C3%BC/n/*.ndjson`]: [1],
      [`${day}/note=__empty__/n/*.ndjson`]: [2],
      [`${day}/note=%2E/n/*.ndjson`]: [3],
      [`${day}/note=%5Fx/n/*.ndjson`]: [4],
      [`${day}/note=%2E./n/*.ndjson`]: [5],
      [`${day}/note=__HIVE_DEFAULT_PARTITION__/n/*.ndjson`]: [6],
      [`${day}/note=__unknown__/n/*.ndjson`]: [7],
      [`${day}/note=${'y'.repeat(128)}~${sha256(long).slice(0, 16)}/n/*.ndjson`]: [8],
      'lake/t/2025-07-04/05/note=paid/n/*.ndjson': [90],
      'lake/t/2024-01-02/00/note=__unknown__/n/*.ndjson': [91],
    });
  });

  it('begins another object when the shape of a table changes, not when it only comes again', async () => {
    const sink = await startSink({
      config: bucket.config,
      generation: 1,
      stage: { format: 'csv', path: 'all' },
    });
    const changed: TableSchema = {
      ...tableOf('t'),
      columns: tableOf('t').columns.map((column) => ({ ...column, name: `${column.name}2` })),
    };
    await sink.write(eventBatch(0, 2, [tableOf('t')]));
    await sink.write(eventBatch(2, 4, [tableOf('t')]));
    await sink.write(eventBatch(4, 6, [changed]));
    await sink.prepare(1);
    await sink.commit(1);
    const texts = await Promise.all((await bucket.keys()).map((key) => bucket.text(key)));
    expect(texts.map((text) => text.split('\n').map((line) => line.split(',').slice(6).join(',')))).toEqual([
      ['id,note', '0,x', '1,x', '2,x', '3,x', ''],
      ['id2,note2', '4,x', '5,x', ''],
    ]);
    const [manifest] = await bucket.manifests();
    expect(manifest!.tables.map(({ columns }) => columns.map(({ name }) => name))).toEqual([
      ['id', 'note'],
      ['id2', 'note2'],
    ]);
    expect(manifest!.objects.map(({ table, rows }) => [table, rows])).toEqual([
      [0, 4],
      [1, 2],
    ]);
    await sink.close();
  });

  it('is split by rows', async () => {
    const sink = await startSink({ config: bucket.config, generation: 1, stage: { path: 'all', rollRows: 30 } });
    await sink.write(eventBatch(0, 100, [tableOf('t')]));
    await sink.prepare(1);
    await sink.commit(1);
    const [manifest] = await bucket.manifests();
    expect(manifest!.objects.map(({ rows }) => rows)).toEqual([30, 30, 30, 10]);
    expect(manifest).toMatchObject({ rows: 100, snapshot: 1 });
    await sink.close();
  });
});

describe('s3 sink without snapshots', () => {
  it('shows what it has after a while, and the rest at the end of the input', async () => {
    const timers: (() => void)[] = [];
    const clock: Clock = {
      ...systemClock,
      timer(durationMs, callback) {
        expect(durationMs).toBe(5_000);
        timers.push(callback);
        return () => {};
      },
    };
    const sink = await startSink({
      config: bucket.config,
      generation: 1,
      guarantee: 'none',
      stage: { path: 'all', rollAfter: '5s' },
      clock,
    });
    await sink.write(eventBatch(0, 10, [tableOf('t')]));
    await sink.write(eventBatch(10, 20, [tableOf('t')]));
    expect(timers).toHaveLength(1);
    timers[0]!();
    // It is refused while the objects are finished.
    await sink.write(eventBatch(20, 30, [tableOf('t')]));
    expect(await bucket.ids(await bucket.keys())).toHaveLength(20);
    await sink.complete();
    expect(await bucket.ids(await bucket.keys())).toHaveLength(30);
    expect((await bucket.manifests()).map(({ snapshot, rows }) => [snapshot, rows])).toEqual([
      [1, 20],
      [2, 10],
    ]);
    await sink.close();
  });
});
