import { describe, expect, it } from '@jest/globals';
import { MillraceError } from '@millrace/kernel';
import { NO_TUPLE, Op } from './change-batch.ts';
import { ChangeBatchBuilder } from './change-batch-builder.ts';
import { KeyPartitioner } from './partitioner.ts';
import { lsn } from './position.ts';
import { projectBatch, projectSchema, type Selection, selectionOf } from './projection.ts';
import { changeEvents, isUnchanged } from './rows.ts';
import { columnOf } from './select-expression.ts';
import type { Column, TableSchema } from './table-schema.ts';

const column = (name: string, field: number, kind: Column['kind'], key = false): Column => ({
  name,
  field,
  kind,
  sqlType: 'x',
  key,
  nullable: !key,
});
const ORDERS: TableSchema = {
  id: 'public.orders',
  schema: 'public',
  table: 'orders',
  fieldCount: 4,
  replicaIdentity: 'default',
  columns: [
    column('id', 0, 'bigint', true),
    column('line', 1, 'exact', true),
    column('Note', 2, 'text'),
    column('total', 3, 'exact'),
  ],
};

function tuple(...fields: (string | null | undefined)[]): Uint8Array {
  const parts: number[] = [0, fields.length];
  for (const field of fields) {
    if (field === null || field === undefined) parts.push(field === null ? 0x6e : 0x75);
    else parts.push(0x74, 0, 0, 0, Buffer.byteLength(field), ...Buffer.from(field));
  }
  return Uint8Array.from(parts);
}

function sample() {
  const builder = new ChangeBatchBuilder(8);
  const transaction = builder.transaction({ commitLsn: lsn(99n), xid: 5, commitTimeUs: 1n, complete: true });
  const add = (fields: (string | null | undefined)[]): number =>
    builder.addTuple(tuple(...fields), 0, tuple(...fields).length);
  builder.add(Op.Create, 0, ORDERS, NO_TUPLE, add(['9007199254740993', '1', 'x', '1.50']), transaction, 0);
  builder.add(Op.Update, 0, ORDERS, NO_TUPLE, add(['9007199254740993', '1', undefined, null]), transaction, 1);
  builder.add(Op.Delete, 0, ORDERS, add(['9007199254740993', '1.0', null, null]), NO_TUPLE, transaction, 2);
  builder.add(Op.Truncate, 0, ORDERS, NO_TUPLE, NO_TUPLE, transaction, 3);
  return builder.build(1_000);
}

const failure = (run: () => unknown): MillraceError => {
  try {
    run();
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

const parseSelect = (select: Readonly<Record<string, string>>, pointer = ''): Selection =>
  selectionOf(
    Object.entries(select).map(([name, text]) => ({ name, column: columnOf(text)!, pointer: `${pointer}/${name}` })),
  );

describe('select', () => {
  it('renames and reorders without touching tuples, flags, positions and transactions', () => {
    const batch = sample();
    const selection = parseSelect({ sum: 'after.total', id: 'ID', memo: 'after . "Note"', line: 'line' });
    const projected = projectBatch(batch, selection);
    expect(projected.bytes).toBe(batch.bytes);
    expect(projected.transactions).toBe(batch.transactions);
    expect(projected.schemas[0]).toBe(projectSchema(ORDERS, selection));
    expect(projected.schemas[0]!.columns.map(({ name, field, key }) => [name, field, key])).toEqual([
      ['sum', 3, false],
      ['id', 0, true],
      ['memo', 2, false],
      ['line', 1, true],
    ]);
    expect({ ...changeEvents(projected)[0]!.after }).toEqual({
      sum: '1.50',
      id: 9007199254740993n,
      memo: 'x',
      line: '1',
    });
  });

  it('keeps the key only whole, and once', () => {
    expect(projectSchema(ORDERS, parseSelect({ id: 'id' })).columns.map(({ key }) => key)).toEqual([false]);
    expect(
      projectSchema(ORDERS, parseSelect({ id: 'id', again: 'id', line: 'line' })).columns.map(({ key }) => key),
    ).toEqual([true, false, true]);
  });

  it.each([
    'round(total)',
    'after.total * 2',
    'before.id',
    'total::text',
    "'x'",
    '1',
    'null',
    'current_date',
    'after.',
    'a.b.c',
    '"open',
  ])('%s is no column', (expression) => {
    expect(columnOf(expression)).toBeUndefined();
  });

  it('names near columns when one is unknown', () => {
    const error = failure(() => projectSchema(ORDERS, parseSelect({ n: 'note' }, '/stages/s/select')));
    expect(error.code.code).toBe('pipeline.select_unknown_column');
    expect(error.message).toContain('public.orders has no column "note"');
    expect(error.mend).toContain('"Note"');
    expect(failure(() => projectSchema(ORDERS, parseSelect({ n: 'zzzzzz' }))).mend).toContain(
      'id, line, "Note", total',
    );
  });
});

describe('changeEvents', () => {
  it('decodes exactly, and unchanged survives structured clone', () => {
    const [created, updated, deleted, truncated] = structuredClone(changeEvents(sample()));
    expect({ ...created!.after }).toEqual({ id: 9007199254740993n, line: '1', Note: 'x', total: '1.50' });
    expect(isUnchanged(updated!.after!.Note)).toBe(true);
    expect(isUnchanged(updated!.after!.total)).toBe(false);
    expect({ ...deleted!.before }).toEqual({ id: 9007199254740993n, line: '1.0' });
    expect(deleted!.position).toEqual({ commitLsn: 99n, index: 2 });
    expect(truncated).toMatchObject({ op: 't', before: null, after: null });
  });
});

describe('KeyPartitioner', () => {
  it('gives the same partition to a key however it is written and wherever it is read', () => {
    const batch = sample();
    const partitioner = new KeyPartitioner();
    const partitions = [0, 1, 2].map((index) => partitioner.partitionOf(batch, index));
    expect(new Set(partitions).size).toBe(1);
    // Saved state is kept by partition: this number must never change.
    expect(partitions[0]).toBe(61);
  });

  it('takes events into a compact batch that keeps the transactions', () => {
    const batch = sample();
    const taken = new KeyPartitioner().take(batch, [2, 1]);
    expect(changeEvents(taken)).toEqual([changeEvents(batch)[2], changeEvents(batch)[1]]);
    expect(taken.bytes.length).toBe(
      tuple('9007199254740993', '1.0', null, null).length + tuple('9007199254740993', '1', undefined, null).length,
    );
    expect(new KeyPartitioner().take(batch, []).transactions).toBe(batch.transactions);
  });

  it('spreads keys over the partitions', () => {
    const builder = new ChangeBatchBuilder(2_710);
    for (let id = 0; id < 2_710; id++) {
      const bytes = tuple(String(id), '1', 'x', '1');
      builder.add(Op.Read, 0, ORDERS, NO_TUPLE, builder.addTuple(bytes, 0, bytes.length), 0xffff_ffff, 0);
    }
    const batch = builder.build(0);
    const counts = new Array<number>(271).fill(0);
    const partitioner = new KeyPartitioner();
    for (let index = 0; index < batch.length; index++) counts[partitioner.partitionOf(batch, index)]!++;
    expect(Math.max(...counts)).toBeLessThan(30);
    expect(counts.filter((count) => count === 0).length).toBeLessThan(5);
  });
});
