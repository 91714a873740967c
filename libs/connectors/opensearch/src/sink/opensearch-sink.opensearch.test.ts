import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FLAG_KEY_CHANGE } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { testOpensearch } from '@millrace/testing';
import { insertBatch, numbers } from '@millrace/testing/acceptance';
import { DrivenSink, RecordedRefusals, resolvedSink } from '@millrace/testing/drivers';
import { changes, ITEMS } from '../test-support/events.ts';
import { ask, testIndex } from '../test-support/test-index.ts';
import { opensearchSink } from './opensearch-sink.ts';

let url: string;
let index: ReturnType<typeof testIndex>;

beforeAll(async () => {
  ({ url } = await testOpensearch());
});
beforeEach(() => {
  index = testIndex(url);
});
afterEach(() => index[Symbol.asyncDispose]());

interface StartOptions {
  readonly jobId?: string;
  readonly generation?: number;
  readonly refusals?: RecordedRefusals;
}

const start = (stage: object = {}, { jobId = ulids.next(), ...more }: StartOptions = {}) =>
  DrivenSink.start(opensearchSink, {
    config: index.config,
    stage: { ...index.stage, ...stage },
    job: { jobId },
    ...more,
  });
const sources = async (name = index.name) => (await index.documents(name)).map(({ _source }) => _source);
const failsWith = (code: string, message: RegExp) => ({ code: { code }, message: expect.stringMatching(message) });

describe('upsert', () => {
  it('keeps the documents of an index equal to the rows of a table', async () => {
    const name = `${index.name}-items`;
    await using sink = await start({ index: `${index.name}-{table}`, concurrency: 3 });
    await sink.write(
      changes(
        null,
        ['r', { id: '1', price: '1.50', note: 'ä "quoted"' }],
        ['r', { id: '4', price: 'NaN', made: 'infinity' }],
      ),
      changes(16, ['c', { id: '2', more: '{"a": [1]}' }], ['c', { id: '3', note: 'gone' }]),
      changes(32, ['u', { id: '1', price: '2.50', made: '2026-01-02 03:04:05.678901+00' }], ['d', { id: '3' }]),
      changes(
        48,
        ['d', { id: '2' }, { flags: FLAG_KEY_CHANGE }],
        ['c', { id: '20', more: '{"a": [1]}' }, { flags: FLAG_KEY_CHANGE, before: { id: '2' } }],
      ),
    );
    await sink.prepare(1);
    const none = { price: null, note: null, made: null, more: null };
    expect(await sources(name)).toEqual([
      { ...none, id: 1, price: '2.50', made: '2026-01-02T03:04:05.678901Z' },
      { ...none, id: 4, price: 'NaN', made: 'infinity' },
      { ...none, id: 20, more: { a: [1] } },
    ]);
    const found = await ask<{ hits: { total: { value: number } } }>(url, 'POST', `/${name}/_search`, {
      query: {
        bool: {
          filter: [{ range: { price: { gt: 2 } } }, { range: { made: { gte: '2026-01-02', lt: '2026-01-03' } } }],
        },
      },
    });
    expect(found.hits.total.value).toBe(1);
    await sink.write(changes(64, ['t', {}], ['c', { id: '5' }]));
    await sink.prepare(2);
    expect(await sources(name)).toEqual([{ ...none, id: 5 }]);
  });

  it('ends in the newest state when older changes come again, also of a row that is deleted', async () => {
    const jobId = ulids.next();
    const [first, second] = [
      changes(16, ['c', { id: '1', note: 'a' }], ['c', { id: '2' }]),
      changes(32, ['u', { id: '1', note: 'b' }], ['d', { id: '2' }]),
    ];
    for (const generation of [1, 2]) {
      await using sink = await start({}, { jobId, generation });
      await sink.write(first, second);
      await sink.prepare(1);
      expect((await sources()).map(({ id, note }) => [id, note])).toEqual([[1, 'b']]);
    }
  });

  it('lets an older execution bring nothing back, when the cluster has forgotten the delete', async () => {
    const jobId = ulids.next();
    await ask(url, 'PUT', `/${index.name}`, {
      settings: { 'index.gc_deletes': '0ms', number_of_shards: 1, number_of_replicas: 0 },
    });
    await using old = await start({}, { jobId, generation: 1 });
    await old.write(changes(16, ['c', { id: '1' }], ['c', { id: '2' }]));
    await old.prepare(1);
    await using newer = await start({}, { jobId, generation: 2 });
    await newer.write(changes(32, ['d', { id: '1' }], ['u', { id: '2', note: 'new' }]));
    await newer.prepare(2);
    await index.documents();
    // Its delete reaches a document that is newer.
    await old.write(changes(24, ['u', { id: '1', note: 'late' }], ['d', { id: '2' }]));
    await expect(old.prepare(2)).rejects.toMatchObject(failsWith('opensearch.fenced', /newer execution/));
    expect((await sources()).map(({ id, note }) => [id, note])).toEqual([[2, 'new']]);
  });

  it('stops when somebody else has written a document, and says so', async () => {
    await ask(url, 'PUT', `/${index.name}/_doc/1?version=9000000000000000000&version_type=external`, {
      note: 'theirs',
    });
    await using sink = await start();
    await sink.write(changes(16, ['c', { id: '1' }]));
    await expect(sink.prepare(1)).rejects.toMatchObject(failsWith('opensearch.document_newer', /version/));
  });

  it('writes a row of which a large value was not sent, when it has it, and else refuses it', async () => {
    const full = { ...ITEMS, replicaIdentity: 'full' as const };
    await using sink = await start();
    const unsent = { id: '1', price: null, made: null, more: null };
    await sink.write(changes(16, ['u', {}, { schema: full, before: { id: '1', note: 'large' }, after: unsent }]));
    await sink.prepare(1);
    expect(await sources()).toMatchObject([{ id: 1, note: 'large' }]);
    await expect(sink.write(changes(32, ['u', {}, { after: unsent }]))).rejects.toMatchObject(
      failsWith('opensearch.row_unfit', /did not send its large value "note"/),
    );
  });
});

describe('append', () => {
  it('adds a document for each change, with its place', async () => {
    await using sink = await start({ mode: 'append' });
    await sink.write(
      changes(null, ['r', { id: '1' }]),
      changes(16, ['u', { id: '1', note: 'a' }], ['d', { id: '1' }], ['t', {}]),
    );
    // What comes again is there already.
    await sink.write(changes(16, ['u', { id: '1', note: 'a' }]), changes(null, ['r', { id: '1' }]));
    await sink.prepare(1);
    const documents = (await sources()).toSorted((a, b) => Number(a['__index'] ?? -1) - Number(b['__index'] ?? -1));
    expect(documents).toMatchObject([
      { __op: 'r', id: 1, __lsn: null, __table: 'shop.Items', '@timestamp': '1970-01-01T00:00:00.000Z' },
      { __op: 'u', id: 1, note: 'a', __lsn: '0/10', __index: 0, '@timestamp': '1970-01-01T00:00:00.000016Z' },
      { __op: 'd', id: 1, __index: 1 },
      { __op: 't', __index: 2 },
    ]);
  });

  it('has of a row that an interrupted load reads again what was read last', async () => {
    const jobId = ulids.next();
    await using sink = await start({ mode: 'append' }, { jobId });
    await sink.write(
      changes(null, ['r', { id: '1', note: 'before' }]),
      changes(16, ['u', { id: '1', note: 'between' }]),
    );
    await sink.prepare(1);
    // The load began again, and has seen changes that will not come any more.
    await using next = await start({ mode: 'append' }, { jobId, generation: 2 });
    await next.write(changes(null, ['r', { id: '1', note: 'after' }]));
    await next.prepare(1);
    expect(new Set((await sources()).map(({ __op, note }) => `${String(__op)} ${String(note)}`))).toEqual(
      new Set(['r after', 'u between']),
    );
  });

  it('adds to a data stream, which takes nothing but new documents', async () => {
    await ask(url, 'PUT', `/_index_template/${index.name}`, { index_patterns: [`${index.name}*`], data_stream: {} });
    await ask(url, 'PUT', `/_data_stream/${index.name}`);
    await using sink = await start({ mode: 'append' });
    await sink.write(
      changes(null, ['r', { id: '2' }]),
      changes(16, ['c', { id: '1' }]),
      changes(16, ['c', { id: '1' }]),
    );
    await sink.prepare(1);
    expect((await sources()).map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual([1, 2]);
    await ask(url, 'DELETE', `/_data_stream/${index.name}`);
    await ask(url, 'DELETE', `/_index_template/${index.name}`);
  });
});

describe('what the cluster does not take', () => {
  const strict = () =>
    ask(url, 'PUT', `/${index.name}`, {
      settings: { number_of_shards: 1, number_of_replicas: 0 },
      mappings: {
        dynamic: 'strict',
        properties: {
          id: { type: 'integer' },
          price: { type: 'integer' },
          note: { type: 'keyword' },
          made: { type: 'date' },
          more: { type: 'object', dynamic: true },
        },
      },
    });

  it('fails the job, without values of rows', async () => {
    await strict();
    await using sink = await start();
    await sink.write(changes(16, ['c', { id: '1' }], ['c', { id: '2', price: 'secret' }]));
    const error = await sink.prepare(1).catch((each: unknown) => each);
    expect(error).toMatchObject(failsWith('opensearch.record_refused', /field \[price\]/));
    expect(String(error)).not.toContain('secret');
  });

  it('is set aside with what follows it, where the stage says so, and nothing else is', async () => {
    await strict();
    const refusals = new RecordedRefusals({ retries: 1 });
    await using sink = await start({}, { refusals });
    await sink.write(
      changes(16, ['c', { id: '1', price: 'x' }], ['c', { id: '2', price: '2' }], ['u', { id: '1', price: '1' }]),
      changes(32, ['u', { id: '2', price: '3' }], ['u', { id: '1', price: '4' }]),
    );
    await sink.prepare(1);
    expect((await sources()).map(({ id, price }) => [id, price])).toEqual([[2, '3']]);
    expect(refusals.aside.map((each) => each.split(' ').slice(0, 3))).toEqual([
      ['refused', '1', 'x'],
      ['parked', '1', '1'],
      ['parked', '1', '4'],
    ]);
    expect(refusals.reasons).toEqual(['opensearch.record_refused']);
    expect(sink.metric('requestsRetried')).toBe(1);
    expect(sink.metric('rowsWritten')).toBe(2);
  });

  it('is written in smaller requests when those are too large, but for a document that is too large itself', async () => {
    const note = 'n'.repeat(1_000_000);
    const refusals = new RecordedRefusals();
    await using sink = await start({ size: '50MiB', concurrency: 1 }, { refusals });
    await sink.write(insertBatch(0, 15, note), insertBatch(15, 16, 'n'.repeat(11_000_000)));
    await sink.prepare(1);
    expect((await sources()).map(({ id }) => id)).toEqual(numbers(0, 15));
    expect(refusals.refused).toHaveLength(1);
  });

  it('is tried again while the cluster takes nothing, and fails after the patience', async () => {
    const block = (isBlocked: boolean) =>
      ask(url, 'PUT', `/${index.name}/_settings`, { 'index.blocks.write': isBlocked });
    await using sink = await start();
    await sink.write(changes(16, ['c', { id: '1' }]));
    await sink.prepare(1);
    await block(true);
    await sink.write(changes(32, ['c', { id: '2' }]));
    const prepared = sink.prepare(2);
    while (sink.metric('requestsRetried') === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await block(false);
    await prepared;
    expect(await sources()).toHaveLength(2);
    await block(true);
    await using hasty = await start({ patience: '1ms' });
    await hasty.write(changes(48, ['c', { id: '3' }]));
    await expect(hasty.prepare(1)).rejects.toMatchObject(failsWith('opensearch.overloaded', /blocked/));
  });
});

it('says before a job runs what its tables lack', async () => {
  const { jobName: _, ...job } = { jobName: '' };
  const findings = async (stage: object, hasPositions: boolean, tables = [ITEMS]) => {
    const options = resolvedSink(opensearchSink, { config: index.config, stage: { ...index.stage, ...stage }, job });
    const found = await opensearchSink.checkStage(options, { tables, hasPositions }, new AbortController().signal);
    return found.filter(({ severity }) => severity !== 'ok').map(({ code, pointer }) => `${code} ${pointer}`);
  };
  const keyless = { ...ITEMS, columns: ITEMS.columns.map((column) => ({ ...column, key: false })) };
  expect(await findings({}, true)).toEqual([]);
  expect(await findings({}, true, [keyless])).toEqual(['opensearch.row_unfit /id']);
  expect(await findings({ id: ['nothing'] }, true)).toEqual(['opensearch.row_unfit /id']);
  expect(await findings({ routing: 'note' }, true)).toEqual(['opensearch.row_unfit /routing']);
  expect(await findings({}, true, [ITEMS, { ...ITEMS, id: 'shop.b', table: 'b' }])).toEqual([
    'opensearch.index_shared /index',
  ]);
  expect(await findings({ mode: 'append' }, false)).toEqual(['opensearch.may_repeat /id']);
  expect(await findings({ mode: 'append', id: ['id'] }, false)).toEqual([]);
});
