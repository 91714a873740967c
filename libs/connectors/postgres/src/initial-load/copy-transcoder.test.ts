import { describe, expect, it } from '@jest/globals';
import type { TableSchema } from '@millrace/formats';
import fc from 'fast-check';
import { EventWriter } from '../stream/event-writer.ts';
import { readableEvents } from '../test-support/readable-events.ts';
import { CopyTranscoder } from './copy-transcoder.ts';

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

/** Rows as they come out when the text arrives in pieces of these sizes. */
function transcode(text: Buffer, columns: number, pieces: readonly number[]): unknown[] {
  const schema = schemaOf(columns);
  const writer = new EventWriter();
  const transcoder = new CopyTranscoder();
  const rows: unknown[] = [];
  const take = (): void => {
    if (!writer.isEmpty) rows.push(...readableEvents(writer.take(0)).map(({ after }) => Object.values(after!)));
  };
  let at = 0;
  for (let piece = 0; at < text.length; piece++) {
    const end = Math.min(text.length, at + (pieces[piece % pieces.length] ?? text.length));
    transcoder.feed(text.subarray(at, end));
    while (!transcoder.isDrained) {
      transcoder.emit(schema, writer);
      if (writer.isFull) take();
    }
    at = end;
  }
  take();
  return rows;
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

describe('CopyTranscoder', () => {
  it('gives back every row, however the text is cut', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 5 })
          .chain((columns) =>
            fc.array(fc.array(field, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 20 }),
          ),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (rows, pieces) => {
          const wellFormed = rows.map((row) => row.map((value) => value?.toWellFormed() ?? null));
          const text = Buffer.from(wellFormed.map((row) => `${row.map(copyField).join('\t')}\n`).join(''));
          expect(transcode(text, rows[0]!.length, pieces)).toEqual(wellFormed);
        },
      ),
    );
  });

  it('takes a row that is larger than a batch and one cut into thousands of pieces', () => {
    const large = 'x'.repeat(1_000_000);
    expect(transcode(Buffer.from(`${large}\t\\N\n`), 2, [100])).toEqual([[large, null]]);
  });
});
