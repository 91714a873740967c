import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ChangeBatch, NO_TRANSACTION, NO_TUPLE, Op } from '../change/change-batch.ts';
import { ChangeBatchBuilder } from '../change/change-batch-builder.ts';
import { lsn } from '../change/position.ts';
import type { ColumnKind, TableSchema } from '../change/table-schema.ts';
import { ByteOutput } from './byte-output.ts';
import { eventMetadata, RowJsonWriter } from './row-json.ts';

/** A field of a tuple: text, null, or unchanged. */
type Field = string | null | undefined;

const COMMIT_TIME_US = 1_735_689_600_000_042n;

function tuple(fields: readonly Field[]): Uint8Array {
  const parts = [Buffer.from([fields.length >> 8, fields.length & 255])];
  for (const field of fields) {
    const text = Buffer.from(field ?? '');
    const head = Buffer.alloc(5, 't');
    head.writeUInt32BE(text.length, 1);
    parts.push(typeof field === 'string' ? Buffer.concat([head, text]) : Buffer.from(field === null ? 'n' : 'u'));
  }
  return Buffer.concat(parts);
}

const tableOf = (kinds: readonly ColumnKind[], names = kinds.map((_, index) => `c${index}`)): TableSchema => ({
  id: 'public.t',
  schema: 'public',
  table: 't',
  fieldCount: kinds.length,
  replicaIdentity: 'default',
  columns: kinds.map((kind, field) => ({
    name: names[field]!,
    field,
    kind,
    sqlType: kind,
    key: field === 0,
    nullable: true,
  })),
});

function batchOf(
  schema: TableSchema,
  op: number,
  images: { before?: readonly Field[] | undefined; after?: readonly Field[] | undefined },
): ChangeBatch {
  const builder = new ChangeBatchBuilder();
  const add = (fields: readonly Field[] | undefined): number => {
    if (fields === undefined) return NO_TUPLE;
    const bytes = tuple(fields);
    return builder.addTuple(bytes, 0, bytes.length);
  };
  const transaction =
    op === Op.Read
      ? NO_TRANSACTION
      : builder.transaction({ commitLsn: lsn(0x16b374d848n), xid: 7, commitTimeUs: COMMIT_TIME_US, complete: true });
  builder.add(op, 0, schema, add(images.before), add(images.after), transaction, 3);
  return builder.build(0);
}

const decode = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(bytes);

function rowText(schema: TableSchema, op: number, images: Parameters<typeof batchOf>[2]): string {
  const output = new ByteOutput(16);
  new RowJsonWriter(output).row(batchOf(schema, op, images), 0);
  return decode(output.bytes);
}

/** One value of each kind and the JSON text it becomes. */
const VALUES: readonly (readonly [ColumnKind, string, string])[] = [
  ['integer', '-2147483648', '-2147483648'],
  ['bigint', '9007199254740991', '9007199254740991'],
  ['bigint', '-9007199254740991', '-9007199254740991'],
  ['bigint', '9007199254740992', '"9007199254740992"'],
  ['bigint', '-9223372036854775808', '"-9223372036854775808"'],
  ['exact', '1.10', '"1.10"'],
  ['exact', 'NaN', '"NaN"'],
  ['float', '-1.5e-07', '-1.5e-07'],
  ['float', '-Infinity', '"-Infinity"'],
  ['boolean', 't', 'true'],
  ['boolean', 'f', 'false'],
  ['json', '{ "a": [1, null],\n"b": 12345678901234567890 }', '{ "a": [1, null], "b": 12345678901234567890 }'],
  ['timestamptz', '2024-01-01 23:59:59.999999+00', '"2024-01-01T23:59:59.999999Z"'],
  ['timestamp', '2024-02-29 01:02:03.000001', '"2024-02-29T01:02:03.000001"'],
  ['timestamp', 'infinity', '"infinity"'],
  ['date', '2024-01-01', '"2024-01-01"'],
  ['time', '24:00:00', '"24:00:00"'],
  ['uuid', 'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60', '"b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60"'],
  ['bytea', '\\xdeadbeef', '"3q2+7w=="'],
  ['bytea', '\\x', '""'],
  ['bytea', 'not hex', '"not hex"'],
  ['text', '', '""'],
  ['text', '\uFEFF"\\\n\u0001\u2028\u{1F600}', '"\uFEFF\\"\\\\\\n\\u0001\u2028\u{1F600}"'],
];

describe('RowJsonWriter', () => {
  it.each(VALUES)('writes %s %j as %s', (kind, text, json) => {
    expect(rowText(tableOf([kind]), Op.Create, { after: [text] })).toBe(`{"c0":${json}}`);
    expect(() => JSON.parse(json)).not.toThrow();
  });

  it('writes null, leaves unchanged values out, and takes any column name', () => {
    const schema = tableOf(['text', 'text', 'text'], ['"', 'b\n', 'ü']);
    expect(rowText(schema, Op.Update, { after: [undefined, null, 'x'] })).toBe('{"b\\n":null,"ü":"x"}');
    expect(rowText(schema, Op.Update, { after: [undefined, undefined, undefined] })).toBe('{}');
  });

  it('writes what is known of a deleted row, the key alone, and nothing of a truncate', () => {
    const schema = tableOf(['integer', 'text']);
    expect(rowText(schema, Op.Delete, { before: ['7', null] })).toBe('{"c0":7}');
    expect(rowText(schema, Op.Truncate, {})).toBe('{}');
    const output = new ByteOutput(64);
    const writer = new RowJsonWriter(output);
    writer.key(batchOf(schema, Op.Delete, { before: ['7', null] }), 0);
    writer.key(batchOf(schema, Op.Update, { before: ['7', null], after: ['8', 'x'] }), 0);
    expect(decode(output.take())).toBe('{"c0":7}{"c0":8}');
    expect(output.length).toBe(0);
  });

  it('puts the place of the event before the columns', () => {
    const output = new ByteOutput(64);
    const writer = new RowJsonWriter(output);
    for (const op of [Op.Update, Op.Read]) {
      const batch = batchOf(tableOf(['integer']), op, { after: ['1'] });
      writer.row(batch, 0, eventMetadata(batch, 0));
      output.put(Buffer.from('\n'));
    }
    expect(
      decode(output.bytes)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        __op: 'u',
        __table: 'public.t',
        __lsn: '16/B374D848',
        __index: 3,
        __commit_time: '2025-01-01T00:00:00.000042Z',
        c0: 1,
      },
      { __op: 'r', __table: 'public.t', __lsn: null, __index: null, __commit_time: null, c0: 1 },
    ]);
  });

  it('writes base64 and text of any length as Node does, growing as needed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 70 }),
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom('\u0001', '"', 'x'), minLength: 17_000, maxLength: 20_000 }),
        ),
        (data, text) => {
          const row = rowText(tableOf(['bytea', 'text']), Op.Create, {
            after: [`\\x${Buffer.from(data).toString('hex')}`, text],
          });
          expect(JSON.parse(row)).toEqual({ c0: Buffer.from(data).toString('base64'), c1: text });
        },
      ),
    );
  });

  it('gives the room of one giant row back', () => {
    const output = new ByteOutput(1_000);
    const batch = batchOf(tableOf(['text']), Op.Create, { after: ['\u0001'.repeat(100_000)] });
    new RowJsonWriter(output).row(batch, 0);
    expect(output.length).toBe(600_000 + '{"c0":""}'.length);
    output.clear();
    expect(output.buffer.length).toBe(1_000);
  });
});
