import { describe, expect, it } from '@jest/globals';
import avsc from 'avsc';
import { type ChangeBatch, NO_TRANSACTION, NO_TUPLE, Op } from '../change/change-batch.ts';
import { ChangeBatchBuilder } from '../change/change-batch-builder.ts';
import { lsn } from '../change/position.ts';
import type { Column, TableSchema } from '../change/table-schema.ts';
import { ByteOutput } from '../json/byte-output.ts';
import { eventMetadata } from '../json/row-json.ts';
import { AvroRowWriter } from './avro-row-writer.ts';
import type { AvroRecordOptions } from './avro-schema.ts';

const OPTIONS: AvroRecordOptions = { numeric: 'decimal', arrays: 'array' };

/** A field of a tuple: text, null, or unchanged. */
type Field = string | null | undefined;

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

type TestColumn = readonly [name: string, kind: Column['kind'], sqlType: string];

const tableOf = (...columns: readonly TestColumn[]): TableSchema => ({
  id: 'public.order items',
  schema: 'public',
  table: 'order items',
  fieldCount: columns.length,
  replicaIdentity: 'default',
  columns: columns.map(([name, kind, sqlType], field) => ({
    name,
    field,
    kind,
    sqlType,
    key: field === 0,
    nullable: field !== 0,
  })),
});

function batchOf(
  schema: TableSchema,
  op: number,
  images: { readonly before?: readonly Field[]; readonly after?: readonly Field[] },
): ChangeBatch {
  const builder = new ChangeBatchBuilder();
  const add = (fields: readonly Field[] | undefined): number => {
    if (fields === undefined) return NO_TUPLE;
    const bytes = tuple(fields);
    return builder.addTuple(bytes, 0, bytes.length);
  };
  const commit = { commitLsn: lsn(0x16b374d848n), xid: 7, commitTimeUs: 1_735_689_600_000_042n, complete: true };
  const transaction = op === Op.Read ? NO_TRANSACTION : builder.transaction(commit);
  builder.add(op, 0, schema, add(images.before), add(images.after), transaction, 3);
  return builder.build(0);
}

/** What the library's own decoder makes of the record, by the schema's text alone. */
function decoded(
  schema: TableSchema,
  op: number,
  images: Parameters<typeof batchOf>[2],
  options: AvroRecordOptions = OPTIONS,
): Record<string, unknown> {
  const output = new ByteOutput(16);
  const writer = new AvroRowWriter(output, options);
  const batch = batchOf(schema, op, images);
  writer.row(batch, 0, options.metadata === true ? eventMetadata(batch, 0) : undefined);
  const text = JSON.stringify(writer.rowSchema(schema));
  const type = avsc.Type.forSchema(JSON.parse(text) as avsc.Schema, { wrapUnions: 'never' });
  return { ...(type.fromBuffer(Buffer.from(output.bytes)) as Record<string, unknown>) };
}

const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);

/** A value of each type: as PostgreSQL's text, the type it has in the schema, and what is in the record. */
const VALUES: readonly (readonly [
  sqlType: string,
  kind: Column['kind'],
  text: string,
  type: unknown,
  value: unknown,
])[] = [
  ['smallint', 'integer', '-32768', 'int', -32768],
  ['integer', 'integer', '2147483647', 'int', 2147483647],
  ['oid', 'integer', '4294967295', 'long', 4294967295],
  ['bigint', 'bigint', '9007199254740990', 'long', Number.MAX_SAFE_INTEGER - 1],
  ['numeric(12,2)', 'exact', '-1.28', decimal(12, 2), bytes(0x80)],
  ['numeric(12,2)', 'exact', '1.28', decimal(12, 2), bytes(0, 0x80)],
  ['numeric(5)', 'exact', '0', decimal(5, 0), bytes(0)],
  ['numeric(3,-2)', 'exact', '99900', decimal(5, 0), bytes(1, 0x86, 0x3c)],
  ['numeric(2,4)', 'exact', '0.0012', decimal(4, 4), bytes(12)],
  ['numeric(20,0)', 'exact', '18446744073709551616', decimal(20, 0), bytes(1, 0, 0, 0, 0, 0, 0, 0, 0)],
  ['numeric', 'exact', '1e1000', 'string', '1e1000'],
  ['money', 'exact', '$1.00', 'string', '$1.00'],
  ['real', 'float', '0.1', 'double', 0.1],
  ['double precision', 'float', '-Infinity', 'double', -Infinity],
  ['double precision', 'float', 'NaN', 'double', Number.NaN],
  ['boolean', 'boolean', 't', 'boolean', true],
  ['jsonb', 'json', '{"a": 1}', 'string', '{"a": 1}'],
  ['timestamp with time zone', 'timestamptz', '2024-01-01 01:00:00.5+01', micros('timestamp-micros'), 1704067200500000],
  ['timestamp(3) without time zone', 'timestamp', '1969-12-31 23:59:59.999', micros('local-timestamp-micros'), -1000],
  ['date', 'date', '2024-02-29', { type: 'int', logicalType: 'date' }, 19782],
  ['date', 'date', '0001-12-31 BC', { type: 'int', logicalType: 'date' }, -719163],
  ['time without time zone', 'time', '24:00:00', micros('time-micros'), 86_400_000_000],
  [
    'uuid',
    'uuid',
    'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60',
    { type: 'string', logicalType: 'uuid' },
    'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60',
  ],
  ['bytea', 'bytea', '\\xdeadbeef', 'bytes', bytes(0xde, 0xad, 0xbe, 0xef)],
  ['text', 'text', 'ü\u0000"', 'string', 'ü\u0000"'],
  ['integer[]', 'text', '{1,NULL,-3}', { type: 'array', items: ['null', 'int'] }, [1, null, -3]],
  ['text[]', 'text', '{}', { type: 'array', items: ['null', 'string'] }, []],
  [
    'character varying(9)[]',
    'text',
    '{"a,b","NULL","\\"\\\\"}',
    { type: 'array', items: ['null', 'string'] },
    ['a,b', 'NULL', '"\\'],
  ],
  ['numeric(4,2)[]', 'text', '{1.00}', { type: 'array', items: ['null', decimal(4, 2)] }, [bytes(100)]],
  ['box[]', 'text', '{(1,1),(0,0)}', 'string', '{(1,1),(0,0)}'],
];

function decimal(precision: number, scale: number): unknown {
  return { type: 'bytes', logicalType: 'decimal', precision, scale };
}

function micros(logicalType: string): unknown {
  return { type: logicalType === 'date' ? 'int' : 'long', logicalType };
}

describe('AvroRowWriter', () => {
  it.each(VALUES)('writes %s (%s) %j as %j', (sqlType, kind, text, type, value) => {
    const schema = tableOf(['id', 'integer', 'integer'], ['v', kind, sqlType]);
    const field = new AvroRowWriter(new ByteOutput(16), OPTIONS).rowSchema(schema).fields.at(-1);
    expect(field).toEqual({ name: 'v', type: ['null', type], default: null, doc: sqlType });
    expect(decoded(schema, Op.Create, { after: ['1', text] })['v']).toEqual(value);
    expect(decoded(schema, Op.Create, { after: ['1', null] })['v']).toBeNull();
  });

  it('writes numeric and arrays as text when told to', () => {
    const schema = tableOf(['id', 'integer', 'integer'], ['n', 'exact', 'numeric(4,2)'], ['a', 'text', 'integer[]']);
    const row = decoded(
      schema,
      Op.Create,
      { after: ['1', 'NaN', '{{1},{2}}'] },
      { numeric: 'string', arrays: 'string' },
    );
    expect(row).toMatchObject({ n: 'NaN', a: '{{1},{2}}' });
  });

  it.each([
    ['numeric(4,2)', 'exact', 'NaN', 'a decimal(4,2)'],
    ['numeric(4,2)', 'exact', '100.00', 'a decimal(4,2)'],
    ['numeric(4,2)', 'exact', '1.001', 'a decimal(4,2)'],
    ['integer', 'integer', '2147483648', 'an integer of 32 bits'],
    ['bigint', 'bigint', '9223372036854775808', 'an integer of 64 bits'],
    ['timestamp without time zone', 'timestamp', '294276-12-31 00:00:00', 'a timestamp of 64 bits'],
    ['integer[]', 'text', '[0:1]={1,2}', 'an array of one dimension that begins at 1'],
    ['integer[]', 'text', '{{1},{2}}', 'an array of one dimension that begins at 1'],
  ] as const)('refuses %s (%s) %s, and says what would do', (sqlType, kind, text, what) => {
    const schema = tableOf(['id', 'integer', 'integer'], ['v', kind, sqlType]);
    let thrown: unknown;
    try {
      decoded(schema, Op.Create, { after: ['1', text] });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: { code: 'formats.value_unsupported' },
      message: `column "v" of type ${sqlType} got a value that is not ${what}, as its Avro type wants`,
      mend: expect.stringMatching(/^(Set|Convert) /) as unknown,
    });
  });

  it('names records and fields as Avro takes them, each once, and keeps the names of columns', () => {
    const schema = tableOf(
      ['id', 'integer', 'integer'],
      ['a b', 'text', 'text'],
      ['a-b', 'text', 'text'],
      ['1', 'text', 'text'],
      ['__proto__', 'text', 'text'],
      ['__unchanged', 'text', 'text'],
    );
    const record = new AvroRowWriter(new ByteOutput(16), { ...OPTIONS, namespace: 'shop' }).rowSchema(schema);
    expect([record.namespace, record.name, ...record.fields.map(({ name }) => name)]).toEqual([
      'shop',
      'order_items',
      '__unchanged',
      'id',
      'a_b',
      'a_b_2',
      '_1',
      '__proto___2',
      '__unchanged_2',
    ]);
    expect(record.fields.map(({ column }) => column)).toEqual([
      undefined,
      undefined,
      'a b',
      'a-b',
      '1',
      '__proto__',
      '__unchanged',
    ]);
    expect(decoded(schema, Op.Create, { after: ['1', 'b', 'c', 'd', 'e', 'f'] })).toEqual({
      __unchanged: [],
      id: 1,
      a_b: 'b',
      a_b_2: 'c',
      _1: 'd',
      __proto___2: 'e',
      __unchanged_2: 'f',
    });
  });

  it('names columns that were not resent, and writes what is known of a deleted row', () => {
    const schema = tableOf(['id', 'integer', 'integer'], ['a', 'text', 'text'], ['b', 'text', 'text']);
    expect(decoded(schema, Op.Update, { after: ['1', undefined, undefined] })).toEqual({
      __unchanged: ['a', 'b'],
      id: 1,
      a: null,
      b: null,
    });
    expect(decoded(schema, Op.Delete, { before: ['1', 'not really', null] })).toEqual({
      __unchanged: [],
      id: 1,
      a: null,
      b: null,
    });
  });

  it('writes the place of the event when told to', () => {
    const schema = tableOf(['id', 'integer', 'integer']);
    const options = { ...OPTIONS, metadata: true };
    expect(decoded(schema, Op.Update, { after: ['1'] }, options)).toEqual({
      __op: 'u',
      __table: 'public.order items',
      __lsn: '16/B374D848',
      __index: 3,
      __commit_time: '2025-01-01T00:00:00.000042Z',
      __unchanged: [],
      id: 1,
    });
    expect(decoded(schema, Op.Read, { after: ['1'] }, options)).toMatchObject({
      __op: 'r',
      __lsn: null,
      __index: null,
    });
  });

  it('writes keys of the columns asked for, and grows as needed', () => {
    const schema = tableOf(['id', 'bigint', 'bigint'], ['note', 'text', 'text']);
    const output = new ByteOutput(16);
    const note = 'x'.repeat(50_000);
    new AvroRowWriter(output, OPTIONS).key(batchOf(schema, Op.Delete, { before: ['-1', null] }), 0);
    expect([...output.take()]).toEqual([1]);
    const writer = new AvroRowWriter(output, OPTIONS, ['id', 'note']);
    writer.key(batchOf(schema, Op.Create, { after: ['1', note] }), 0);
    const key = writer.keySchema(schema);
    expect(`${key.namespace}.${key.name}`).toBe('public.order_items.Key');
    expect(avsc.Type.forSchema(key as never, { wrapUnions: 'never' }).fromBuffer(Buffer.from(output.bytes))).toEqual({
      id: 1,
      note,
    });
  });

  it('makes one schema of one table, and one that readers of the older can go on with after a column is added', () => {
    const older = tableOf(['id', 'integer', 'integer'], ['gone', 'text', 'text']);
    const newer = tableOf(['id', 'integer', 'integer'], ['added', 'exact', 'numeric(8,2)']);
    const type = (schema: TableSchema): avsc.Type => {
      const record = new AvroRowWriter(new ByteOutput(16), OPTIONS).rowSchema(schema);
      return avsc.Type.forSchema(record as never, { wrapUnions: 'never' });
    };
    expect(type(older).schema()).toEqual(type({ ...older }).schema());
    const [before, after] = [type(older), type(newer)];
    const row = { __unchanged: [], id: 7 };
    const written = before.toBuffer({ ...row, gone: 'x' });
    expect(after.fromBuffer(written, after.createResolver(before))).toEqual({ ...row, added: null });
    const rewritten = after.toBuffer({ ...row, added: Buffer.from([1]) });
    expect(before.fromBuffer(rewritten, before.createResolver(after))).toEqual({ ...row, gone: null });
  });
});
