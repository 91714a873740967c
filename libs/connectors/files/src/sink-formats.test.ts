import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  batchOfRecords,
  type Column,
  derivedSchema,
  type EventRecord,
  encodeRows,
  recordOf,
  type TableSchema,
} from '@millrace/formats';
import { RecordedRefusals } from '@millrace/testing/drivers';
import { filesSink } from './connector.ts';
import { eventBatch, startSink } from './test-support/drive.ts';
import { readRows } from './test-support/drive-source.ts';
import { visibleFiles } from './test-support/visible-files.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-files-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const table = (name: string, columns: readonly string[] = ['id']): TableSchema =>
  derivedSchema(
    'public',
    name,
    columns.map((column) => ({
      name: column,
      kind: 'bigint' as Column['kind'],
      sqlType: 'bigint',
      key: column === 'id',
    })),
  );

async function written(stage: Record<string, unknown>, ...batches: readonly ReturnType<typeof eventBatch>[]) {
  const sink = await startSink({ directory, generation: 1, stage });
  for (const batch of batches) await sink.write(batch);
  await sink.snapshot(1);
  await sink.close();
  return visibleFiles(directory);
}

describe('formats of the files sink', () => {
  it.each([
    ['ndjson', 'none', 'ndjson'],
    ['ndjson', 'zstd', 'ndjson.zst'],
    ['csv', 'gzip', 'csv.gz'],
    ['parquet', 'zstd', 'parquet'],
    ['avro', 'gzip', 'avro'],
  ])('has %s (%s) that the source reads again', async (format, compression, extension) => {
    const tables = [table('a'), table('b')];
    const files = await written(
      { format, compression, path: 'all' },
      ...[0, 1, 2].map((at) => eventBatch(at * 1_000, at * 1_000 + 1_000, tables)),
    );
    expect(files.every((file) => file.endsWith(`.${extension}`))).toBe(true);
    const columns = { __op: 'text', __table: 'text', __lsn: 'text', id: 'bigint' };
    const rows = await readRows(directory, { files: `all/*.${extension}`, format, columns });
    expect(rows.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(numbers(0, 3_000));
    expect(rows.find(({ id }) => id === 7n)).toEqual({ __op: 'c', __table: 'public.b', __lsn: '0/3E8', id: 7n });
  });

  it.each(['csv', 'parquet', 'avro'])('begins another file when the columns of a table change (%s)', async (format) => {
    const files = await written(
      { format, metadata: false, deletes: 'skip' },
      eventBatch(0, 10, [table('a')]),
      eventBatch(10, 20, [derivedSchema('public', 'a', [{ name: 'id', kind: 'bigint', sqlType: 'bigint' }])]),
    );
    expect(files).toHaveLength(2);
    const rows = await readRows(directory, { format, columns: { id: 'bigint' } });
    expect(rows.map(({ id }) => Number(id))).toEqual(numbers(0, 20));
  });

  it('leaves deletes out, finishes the largest file when the memory is full, and refuses what cannot be told apart', async () => {
    const batch = eventBatch(0, 1, [table('a')]) as Parameters<typeof recordOf>[0];
    const created = recordOf(batch, 0);
    const deleted: EventRecord = { ...created, op: 'd', before: created.after, after: null };
    await written(
      { format: 'ndjson', metadata: false, deletes: 'skip', path: 'a' },
      batch,
      batchOfRecords([deleted], 0),
    );
    expect(await readRows(directory, { files: 'a/*', columns: { id: 'bigint' } })).toEqual([{ id: 0n }]);
    const tables = numbers(0, 6).map((index) => table(`t${index}`));
    // Each compressor counts as 4 MiB.
    const files = await written(
      { format: 'ndjson', compression: 'zstd', memory: '16MiB', path: 'b/{table}' },
      ...numbers(0, 30).map((at) => eventBatch(at * 1_000, at * 1_000 + 1_000, tables)),
    );
    expect(files.filter((file) => file.startsWith('b/')).length).toBeGreaterThan(tables.length);
    expect(await readRows(directory, { files: 'b/**', columns: { id: 'bigint' } })).toHaveLength(30_000);
    expect(filesSink.stage.safeParse({ format: 'csv', metadata: false }).success).toBe(false);
    expect(filesSink.stage.safeParse({ memory: '1MiB' }).success).toBe(false);
  });

  it.each(['parquet', 'avro'])(
    'leaves out what %s cannot hold where the stage says so, and what follows of its key',
    async (format) => {
      const schema = derivedSchema('public', 'rates', [
        { name: 'id', kind: 'bigint', sqlType: 'bigint', key: true },
        { name: 'rate', kind: 'exact', sqlType: 'numeric(5,2)' },
      ]);
      const rows = (...values: readonly (readonly [id: number, rate: string])[]) =>
        encodeRows(
          schema,
          values.map(([id, rate]) => ({ id, rate })),
          { receivedMs: 0 },
        );
      const history = [rows([1, '1.00'], [2, 'NaN'], [3, '3.00']), rows([2, '2.00'], [4, '4.00'])];
      const stage = { format, metadata: false, deletes: 'skip' };
      const strict = await startSink({ directory, generation: 1, stage });
      await expect(strict.write(...history).then(() => strict.snapshot(1))).rejects.toMatchObject({
        code: { code: expect.stringMatching(/\.value_unsupported$/) },
      });
      await strict.close();
      const refusals = new RecordedRefusals();
      const sink = await startSink({ directory, generation: 2, stage, refusals });
      await sink.write(...history);
      await sink.snapshot(1);
      await sink.close();
      expect(refusals.aside).toEqual(['refused 2 NaN', 'parked 2 2.00']);
      const read = await readRows(directory, { format, columns: { id: 'bigint' } });
      expect(read.map(({ id }) => Number(id))).toEqual([1, 3, 4]);
    },
  );
});
