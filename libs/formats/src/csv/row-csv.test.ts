import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ChangeBatch, NO_TRANSACTION, NO_TUPLE, Op } from '../change/change-batch.ts';
import { ChangeBatchBuilder } from '../change/change-batch-builder.ts';
import type { ColumnKind, TableSchema } from '../change/table-schema.ts';
import { ByteOutput } from '../json/byte-output.ts';
import { eventMetadata } from '../json/row-json.ts';
import { RowCsvWriter } from './row-csv.ts';

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

function batchOf(schema: TableSchema, op: number, fields: readonly Field[]): ChangeBatch {
  const builder = new ChangeBatchBuilder();
  const bytes = tuple(fields);
  const offset = builder.addTuple(bytes, 0, bytes.length);
  const [before, after] = op === Op.Delete ? [offset, NO_TUPLE] : [NO_TUPLE, offset];
  builder.add(op, 0, schema, before, after, NO_TRANSACTION, 0);
  return builder.build(0);
}

const decode = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(bytes);

function line(kinds: readonly ColumnKind[], op: number, fields: readonly Field[]): string {
  const output = new ByteOutput(16);
  new RowCsvWriter(output).row(batchOf(tableOf(kinds), op, fields), 0);
  return decode(output.bytes);
}

/** A reader written from RFC 4180: fields of one line, `null` where an empty field is not quoted. */
function parseLine(text: string): (string | null)[] {
  const fields: (string | null)[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^,"\n]*))(,|\n$)/gy;
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    fields.push(match[1] === undefined ? match[2] || null : match[1].replaceAll('""', '"'));
    if (match[3] === '\n') return fields;
  }
  throw new Error(`not a line of CSV: ${text}`);
}

describe('RowCsvWriter', () => {
  it.each<[ColumnKind, string, string]>([
    ['integer', '-7', '-7'],
    ['bigint', '9223372036854775807', '9223372036854775807'],
    ['exact', '$1,000.00', '"$1,000.00"'],
    ['float', '-Infinity', '-Infinity'],
    ['boolean', 't', 'true'],
    ['boolean', 'f', 'false'],
    ['json', '{"a": "x"}', '"{""a"": ""x""}"'],
    ['timestamptz', '2024-01-01 23:59:59.999999+05:30', '2024-01-01T23:59:59.999999+05:30'],
    ['timestamp', 'infinity', 'infinity'],
    ['date', '2024-01-01', '2024-01-01'],
    ['time', '24:00:00', '24:00:00'],
    ['uuid', 'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60', 'b9f1c4ae-7b1c-4b7c-a7d4-3f4a6a1f4f60'],
    ['bytea', '\\xdeadbeef', '3q2+7w=='],
    ['bytea', '\\x', '""'],
    ['bytea', 'a,b', '"a,b"'],
    ['text', 'a\nb', '"a\nb"'],
    ['text', ' a', '" a"'],
    ['text', 'ü', 'ü'],
  ])('writes %s %j as %s', (kind, text, csv) => {
    expect(line([kind], Op.Create, [text])).toBe(`${csv}\n`);
  });

  it('tells null from the empty text for any fields', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.option(
            fc.string({
              unit: fc.oneof(
                fc.constantFrom('"', ',', '\n', '\r', ' '),
                fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
              ),
            }),
          ),
          { minLength: 2, maxLength: 6 },
        ),
        (fields) => {
          expect(
            parseLine(
              line(
                fields.map(() => 'text' as const),
                Op.Create,
                fields,
              ),
            ),
          ).toEqual(fields);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('names the columns, and what was not resent', () => {
    const schema = tableOf(['integer', 'text', 'text'], ['id', 'a "b"', 'c,d']);
    const output = new ByteOutput(16);
    const writer = new RowCsvWriter(output);
    writer.header(schema, true);
    const batch = batchOf(schema, Op.Update, ['1', undefined, 'x']);
    expect(writer.row(batch, 0, eventMetadata(batch, 0))).toBeUndefined();
    const deleted = batchOf(schema, Op.Delete, ['1', null, 'x']);
    writer.row(deleted, 0, eventMetadata(deleted, 0));
    expect(decode(output.take())).toBe(
      [
        '__op,__table,__lsn,__index,__commit_time,__unchanged,id,"a ""b""","c,d"',
        'u,public.t,,,,"a ""b""",1,,x',
        'd,public.t,,,,,1,,',
        '',
      ].join('\n'),
    );
    writer.header(schema, false);
    expect(writer.row(batch, 0)).toBe('a "b"');
    expect(decode(output.bytes)).toBe('id,"a ""b""","c,d"\n1,,x\n');
  });
});
