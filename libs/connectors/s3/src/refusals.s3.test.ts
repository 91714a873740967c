import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChangeBatch, ChangeBatchBuilder, derivedSchema, lsn, NO_TUPLE, Op } from '@millrace/formats';
import { testS3 } from '@millrace/testing';
import { RecordedRefusals } from '@millrace/testing/drivers';
import { parquetReadObjects } from 'hyparquet';
import { type Field, startSink, tuple } from './test-support/drive.ts';
import { TestBucket } from './test-support/test-bucket.ts';

let bucket: TestBucket;
beforeEach(async () => {
  bucket = await TestBucket.create((await testS3()).url);
});
afterEach(() => bucket[Symbol.dispose]());

const SCHEMA = derivedSchema('public', 'rates', [
  { name: 'id', kind: 'integer', sqlType: 'integer', key: true },
  { name: 'rate', kind: 'exact', sqlType: 'numeric(5,2)' },
  { name: 'day', kind: 'date', sqlType: 'date' },
  { name: 'note', kind: 'text', sqlType: 'text' },
]);

function eventsOf(op: number, ...rows: readonly (readonly Field[])[]): ChangeBatch {
  const builder = new ChangeBatchBuilder(rows.length);
  const transaction = builder.transaction({ commitLsn: lsn(16n), xid: 1, commitTimeUs: 0n, complete: true });
  rows.forEach((fields, index) => {
    const bytes = tuple(fields);
    const at = builder.addTuple(bytes, 0, bytes.length);
    const [before, after] = op === Op.Delete ? [at, NO_TUPLE] : [NO_TUPLE, at];
    builder.add(op, 0, SCHEMA, before, after, transaction, index);
  });
  return builder.build(0);
}

const HISTORY = (): readonly ChangeBatch[] => [
  eventsOf(
    Op.Create,
    ['1', '1.00', '2024-01-01', 'a'],
    ['2', 'NaN', '2024-01-02', 'b'],
    ['3', '3.00', 'infinity', 'c'],
    ['4', '4.00', '2024-01-04', 'd'],
  ),
  eventsOf(Op.Update, ['1', '1.10', '2024-01-01', 'a'], ['2', '2.00', '2024-01-02', 'b'], ['5', null, null, null]),
  eventsOf(Op.Delete, ['2', null, null, null], ['4', null, null, null]),
];
/** Of a format that does not take NaN and the infinite day. */
const ASIDE = ['refused 2 NaN 2024-01-02 b', 'refused 3 3.00 infinity c', 'parked 2 2.00 2024-01-02 b', 'parked 2   '];
/** An unchanged large value, which CSV cannot tell of. */
const UNCHANGED: readonly Field[] = ['6', '6.00', '2024-01-06', undefined];

async function ids(): Promise<string[]> {
  const rows = await Promise.all(
    (await bucket.keys()).map(async (key) => {
      if (key.endsWith('.parquet')) {
        const file = Uint8Array.from(await bucket.bytes(key)).buffer;
        return (await parquetReadObjects({ file })).map(({ id }) => String(id));
      }
      return (await bucket.text(key))
        .split('\n')
        .slice(1, -1)
        .map((line) => line.split(',')[0]!);
    }),
  );
  return rows.flat();
}

describe('an S3 sink that goes on without records', () => {
  const bare = { metadata: false, deletes: 'skip' };
  it.each([
    [
      'parquet',
      { format: 'parquet', ...bare },
      [...ASIDE.slice(0, 3), 'refused 6 6.00 2024-01-06'],
      ['1', '4', '1', '5'],
    ],
    ['parquet with metadata', { format: 'parquet', metadata: true }, ASIDE, ['1', '4', '1', '5', '4', '6']],
    ['csv', { format: 'csv', ...bare }, ['refused 6 6.00 2024-01-06'], ['1', '2', '3', '4', '1', '2', '5']],
  ])('leaves out what %s cannot hold, and what follows of its key', async (_, stage, aside, expected) => {
    const refusals = new RecordedRefusals();
    const sink = await startSink({ config: bucket.config, generation: 1, stage, refusals });
    await sink.write(...HISTORY(), eventsOf(Op.Update, UNCHANGED));
    await sink.snapshot(1);
    await sink.close();
    expect(refusals.aside).toEqual(aside);
    expect(await ids()).toEqual(expected);
  });

  it('names why, of Avro too', async () => {
    const refusals = new RecordedRefusals();
    const stage = { format: 'avro', compression: 'none' };
    const sink = await startSink({ config: bucket.config, generation: 1, stage, refusals });
    await sink.write(...HISTORY());
    await sink.snapshot(1);
    await sink.close();
    // It has values for the infinite days.
    expect(refusals.aside).toEqual(ASIDE.filter((each) => !each.includes('infinity')));
    expect(refusals.reasons).toEqual(['formats.value_unsupported']);
    expect((await bucket.keys()).length).toBe(1);
  });

  it('sets the same aside again after a crash, and shows the rest once', async () => {
    const stage = { format: 'parquet', metadata: true };
    const start = (
      generation: number,
      refusals: RecordedRefusals,
      restored?: Parameters<typeof startSink>[0]['restored'],
    ) => startSink({ config: bucket.config, generation, stage, refusals, restored });
    const lost = await start(1, new RecordedRefusals());
    await lost.write(...HISTORY());
    await lost.prepare(1);
    // No commit record: what was prepared is nobody's.
    await lost.close();
    const again = new RecordedRefusals();
    const second = await start(2, again);
    await second.write(...HISTORY());
    const entries = await second.prepare(1);
    await second.close();
    expect(again.aside).toEqual(ASIDE);
    const third = await start(3, new RecordedRefusals(), { snapshotId: 1, entries });
    await third.close();
    expect(await ids()).toEqual(['1', '4', '1', '5', '4']);
    expect(await bucket.uploads()).toEqual([]);
  });

  it('fails with the first of them without a policy', async () => {
    const sink = await startSink({ config: bucket.config, generation: 1, stage: { format: 'parquet' } });
    const writing = async (): Promise<void> => {
      await sink.write(...HISTORY());
      await sink.snapshot(1);
    };
    await expect(writing()).rejects.toMatchObject({ code: { code: 's3.value_unsupported' } });
    await sink.close();
  });
});
