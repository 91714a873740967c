import { describe, expect, it } from '@jest/globals';
import { type ChangeBatch, FLAG_KEY_CHANGE, FLAG_LOADING, NO_TRANSACTION, NO_TUPLE, Op } from './change-batch.ts';
import { ChangeBatchBuilder } from './change-batch-builder.ts';
import { derivedSchema } from './encode-rows.ts';
import { batchOfRecords, recordOf } from './event-record.ts';
import { lsn } from './position.ts';
import { changeEvents } from './rows.ts';
import { TupleWriter } from './tuple-writer.ts';

const schema = derivedSchema('public', 't', [
  { name: 'id', kind: 'integer', sqlType: 'integer', key: true },
  { name: 'ä "v"', kind: 'text', sqlType: 'text' },
  { name: 'big', kind: 'text', sqlType: 'text' },
]);
/** The same columns in another order than the fields of the tuple. */
const projected = { ...schema, columns: [schema.columns[2]!, schema.columns[0]!] };

type Field = string | null | undefined;

function batch(): ChangeBatch {
  const builder = new ChangeBatchBuilder();
  const writer = new TupleWriter();
  const tuple = (...fields: Field[]): number => {
    const at = writer.begin(fields.length);
    for (const field of fields) {
      if (field === undefined) writer.addUnchanged();
      else if (field === null) writer.addNull();
      else writer.addText(field);
    }
    return at;
  };
  const rows = [
    [Op.Create, 0, schema, NO_TUPLE, tuple('1', 'ü😀\n', '')],
    [Op.Update, 0, schema, NO_TUPLE, tuple('1', null, undefined)],
    [Op.Delete, FLAG_KEY_CHANGE, schema, tuple('1', null, null), NO_TUPLE],
    [Op.Create, FLAG_KEY_CHANGE, schema, tuple('1', null, null), tuple('2', 'x', undefined)],
    [Op.Truncate, 0, schema, NO_TUPLE, NO_TUPLE],
    [Op.Update, 0, projected, NO_TUPLE, tuple('7', 'not selected', 'b')],
  ] as const;
  const loaded = tuple('3', 'read', 'b');
  const bytes = writer.take();
  builder.addTuple(bytes, 0, bytes.length);
  const transaction = builder.transaction({ commitLsn: lsn(0x1_0000_00ffn), xid: 7, commitTimeUs: 5n, complete: true });
  for (const [index, [op, flags, of, before, after]] of rows.entries()) {
    builder.add(op, flags, of, before, after, transaction, index);
  }
  builder.add(Op.Read, FLAG_LOADING, schema, NO_TUPLE, loaded, NO_TRANSACTION, 0);
  return builder.build(9);
}

const all = (of: ChangeBatch) => Array.from({ length: of.length }, (_, index) => recordOf(of, index));

describe('a change event as a record', () => {
  it('comes back with every value, position and transaction, also from JSON, marked as one without a place', () => {
    const given = batch();
    const records = JSON.parse(JSON.stringify(all(given))) as ReturnType<typeof all>;
    const back = batchOfRecords(records, 11);
    expect(changeEvents(back)).toEqual(changeEvents(given).map((event) => ({ ...event, isLoading: true })));
    expect(back.receivedMs).toBe(11);
    expect(back.transactions.every(({ complete }) => complete)).toBe(true);
  });

  it('is readable: texts by column, null of NULL, and no column that was not resent', () => {
    const [created, updated] = all(batch());
    expect(created).toMatchObject({ op: 'c', before: null, after: { id: '1', 'ä "v"': 'ü😀\n', big: '' } });
    expect(created!.position).toEqual({ commitLsn: '1/FF', index: 0 });
    expect({ ...updated!.after }).toEqual({ id: '1', 'ä "v"': null });
  });

  it('is half of a key change only next to its other half', () => {
    const [, , deleted, created] = all(batch());
    const flagsOf = (records: Parameters<typeof batchOfRecords>[0]) => [
      ...batchOfRecords(records, 0).flags.slice(0, records.length),
    ];
    const both = FLAG_LOADING | FLAG_KEY_CHANGE;
    expect(flagsOf([deleted!, created!])).toEqual([both, both]);
    expect(flagsOf([created!, deleted!])).toEqual([FLAG_LOADING, FLAG_LOADING]);
    expect(flagsOf([created!])).toEqual([FLAG_LOADING]);
    expect(flagsOf([deleted!])).toEqual([FLAG_LOADING]);
  });
});
