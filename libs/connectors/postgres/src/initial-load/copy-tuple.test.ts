import { describe, expect, it } from '@jest/globals';
import type { TableSchema } from '@millrace/formats';
import fc from 'fast-check';
import { EventWriter } from '../stream/event-writer.ts';
import { readableEvents } from '../test-support/readable-events.ts';
import { tupleBytesMax, writeTuple } from './copy-tuple.ts';

const schemaOf = (columns: number): TableSchema => ({
  id: 'public.t',
  schema: 'public',
  table: 't',
  columns: Array.from({ length: columns }, (_, field) => ({
    name: `c${field}`,
    field,
    kind: 'text',
    sqlType: 'text',
    key: false,
    nullable: true,
  })),
  fieldCount: columns,
  replicaIdentity: 'default',
});

const LETTERS: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** As `CopyAttributeOutText` writes it. */
const copyField = (value: string | null): string =>
  value === null ? '\\N' : value.replace(/[\b\f\n\r\t\v\\]/g, (letter) => LETTERS[letter]!);

/** The fields that come out of a row. */
function transcode(text: Buffer, columns: number): unknown {
  const schema = schemaOf(columns);
  const writer = new EventWriter();
  const target = writer.reserveRow(tupleBytesMax(text.length, columns));
  writer.endRow(schema, writeTuple(text, 0, text.length, target, writer.rowStart, columns));
  return Object.values(readableEvents(writer.take(0))[0]!.after!);
}

const field = fc.option(
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...Object.keys(LETTERS), 'N', '.', 'a'), maxLength: 8 }),
  ),
  {
    freq: 5,
  },
);

describe('writeTuple', () => {
  it('gives back every field, in no more room than announced', () => {
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 6 }), (row) => {
        const fields = row.map((value) => value?.toWellFormed() ?? null);
        const text = Buffer.from(`${fields.map(copyField).join('\t')}\n`);
        const end = writeTuple(text, 0, text.length, new Uint8Array(1_000), 0, fields.length);
        expect(end).toBeLessThanOrEqual(tupleBytesMax(text.length, fields.length));
        expect(transcode(text, fields.length)).toEqual(fields);
      }),
    );
  });

  it('takes a row that is larger than a batch', () => {
    const large = 'x'.repeat(1_000_000);
    expect(transcode(Buffer.from(`${large}\t\\N\n`), 2)).toEqual([large, null]);
  });
});
