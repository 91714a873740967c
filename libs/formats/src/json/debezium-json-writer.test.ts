import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ChangeBatch, NO_TRANSACTION, NO_TUPLE, Op } from '../change/change-batch.ts';
import { ChangeBatchBuilder } from '../change/change-batch-builder.ts';
import { lsn } from '../change/position.ts';
import type { ColumnKind, TableSchema } from '../change/table-schema.ts';
import { DebeziumJsonWriter } from './debezium-json-writer.ts';

/** A field of a tuple: text, null, or unchanged. */
type Field = string | null | undefined;
interface Event {
  readonly op: number;
  readonly before?: readonly Field[] | undefined;
  readonly after?: readonly Field[] | undefined;
  readonly transaction?: number | undefined;
}

const UNAVAILABLE = '__debezium_unavailable_value';

function encodeTuple(fields: readonly Field[]): Uint8Array {
  const parts = [Buffer.from([fields.length >> 8, fields.length & 255])];
  for (const field of fields) {
    if (field === null) parts.push(Buffer.from('n'));
    else if (field === undefined) parts.push(Buffer.from('u'));
    else {
      const text = Buffer.from(field);
      const head = Buffer.alloc(5, 't');
      head.writeUInt32BE(text.length, 1);
      parts.push(head, text);
    }
  }
  return Buffer.concat(parts);
}

function tableOf(
  kinds: readonly ColumnKind[],
  replicaIdentity: TableSchema['replicaIdentity'] = 'default',
  names?: readonly string[],
): TableSchema {
  return {
    id: 'public.t',
    schema: 'public',
    table: 't',
    fieldCount: kinds.length,
    replicaIdentity,
    columns: kinds.map((kind, field) => ({
      name: names?.[field] ?? `c${field}`,
      field,
      kind,
      sqlType: 'x',
      key: field === 0,
      nullable: true,
    })),
  };
}

function batchOf(schema: TableSchema, events: readonly Event[]): ChangeBatch {
  const builder = new ChangeBatchBuilder(Math.max(1, events.length));
  const indexes = [0, 1, 2].map((n) =>
    builder.transaction({
      commitLsn: lsn(BigInt(n) * 0x1_0000_0000n + 7n),
      xid: n * 1_000 + 3,
      commitTimeUs: 1_735_689_600_123_456n + BigInt(n),
      complete: true,
    }),
  );
  const add = (fields: readonly Field[] | undefined): number => {
    if (fields === undefined) return NO_TUPLE;
    const tuple = encodeTuple(fields);
    return builder.addTuple(tuple, 0, tuple.length);
  };
  events.forEach((event, index) => {
    const transaction = event.transaction === undefined ? NO_TRANSACTION : indexes[event.transaction]!;
    builder.add(event.op, 0, schema, add(event.before), add(event.after), transaction, index);
  });
  return builder.build(1_735_689_601_999);
}

/** The slow way to the same JSON value, written from the documentation and not from the writer. */
function expectedValue(kind: ColumnKind, field: Field, json: 'string' | 'inline'): unknown {
  if (field === null) return null;
  if (field === undefined) return UNAVAILABLE;
  if (kind === 'integer' || kind === 'bigint') return Number(field);
  if (kind === 'float') return Number.isFinite(Number(field)) ? Number(field) : field;
  if (kind === 'boolean') return field === 't';
  if (kind === 'json' && json === 'inline') return JSON.parse(field);
  if (kind === 'timestamp' || kind === 'timestamptz') {
    const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::\d\d)?)?$/.exec(field);
    if (match === null) return field;
    const zone =
      match[3] === undefined ? '' : match[3] === '+00' ? 'Z' : match[3].length === 3 ? `${match[3]}:00` : match[3];
    return `${match[1]}T${match[2]}${zone}`;
  }
  return field;
}

function expectedImage(
  schema: TableSchema,
  fields: readonly Field[] | undefined,
  keyOnly: boolean,
  json: 'string' | 'inline',
): unknown {
  if (fields === undefined) return null;
  const columns = keyOnly ? schema.columns.filter((column) => column.key) : schema.columns;
  return Object.fromEntries(
    columns.map((column) => [column.name, expectedValue(column.kind, fields[column.field], json)]),
  );
}

function lines(writer: DebeziumJsonWriter): unknown[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(writer.bytes);
  writer.clear();
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const VALUES: Record<ColumnKind, fc.Arbitrary<string>> = {
  integer: fc.integer().map(String),
  bigint: fc.maxSafeInteger().map(String),
  exact: fc.constantFrom('0', '-12.50', 'NaN', '-Infinity', '$1,000.00', '123456789012345678901234567890.000000000001'),
  float: fc.oneof(
    fc.constantFrom('NaN', 'Infinity', '-Infinity', '1e+20', '-1.5e-07', '0'),
    fc.integer().map((n) => String(n / 7)),
  ),
  boolean: fc.constantFrom('t', 'f'),
  json: fc.jsonValue().map((value) => JSON.stringify(value, null, 2)),
  timestamptz: fc.constantFrom(
    '2024-01-01 00:00:00+00',
    '2024-01-01 23:59:59.999999+00',
    '1999-12-31 01:02:03.5+05:30',
    '0001-01-01 00:00:00-07',
    'infinity',
    '-infinity',
    '0044-03-15 00:00:00+00 BC',
    '12024-01-01 00:00:00+00',
  ),
  timestamp: fc.constantFrom(
    '2024-01-01 00:00:00',
    '2024-02-29 01:02:03.000001',
    'infinity',
    '0044-03-15 00:00:00 BC',
    '294276-12-31 23:59:59',
  ),
  date: fc.constantFrom('2024-01-01', 'infinity', '0044-03-15 BC'),
  time: fc.constantFrom('00:00:00', '24:00:00', '12:34:56.789'),
  uuid: fc.uuid(),
  bytea: fc.constantFrom('\\x', '\\xdeadbeef'),
  text: fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '\uFEFF', '\u0000\u0001\u001f\u007f', '"\\/\b\f\n\r\t', '\u2028\u{1F600}'),
    fc.string({ unit: fc.constantFrom('\u0001', '"', 'x'), minLength: 16_000, maxLength: 40_000 }),
  ),
};

const fieldOf = (kind: ColumnKind): fc.Arbitrary<Field> =>
  fc.oneof({ arbitrary: VALUES[kind], weight: 6 }, { arbitrary: fc.constantFrom(null, undefined), weight: 1 });

const scenario = fc
  .tuple(
    fc.array(fc.constantFrom(...(Object.keys(VALUES) as ColumnKind[])), { minLength: 1, maxLength: 8 }),
    fc.constantFrom('default' as const, 'full' as const),
  )
  .chain(([kinds, identity]) =>
    fc.record({
      kinds: fc.constant(kinds),
      identity: fc.constant(identity),
      names: fc.uniqueArray(
        fc.string({ unit: 'binary', minLength: 1 }).filter((name) => name !== '__proto__'),
        { minLength: kinds.length, maxLength: kinds.length },
      ),
      json: fc.constantFrom('string' as const, 'inline' as const),
      outputBytes: fc.constantFrom(1, 300, 1_048_576),
      events: fc.array(
        fc.record({
          op: fc.constantFrom(Op.Read, Op.Create, Op.Update, Op.Delete, Op.Truncate),
          before: fc.option(fc.tuple(...kinds.map(fieldOf)), { nil: undefined }),
          after: fc.option(fc.tuple(...kinds.map(fieldOf)), { nil: undefined }),
          transaction: fc.constantFrom(0, 1, 2, undefined),
        }),
        { maxLength: 6 },
      ),
    }),
  );

describe('DebeziumJsonWriter', () => {
  it('writes what a slow reference expects, for tuples of all kinds and any output size', () => {
    fc.assert(
      fc.property(scenario, ({ kinds, identity, names, json, outputBytes, events }) => {
        const schema = tableOf(kinds, identity, names);
        const batch = batchOf(schema, events);
        const writer = new DebeziumJsonWriter({ name: 'shop "1"', db: 'dä\nb', version: '1', json, outputBytes });
        const written: unknown[] = [];
        for (let from = 0; from < batch.length; ) {
          from = writer.write(batch, from);
          written.push(...lines(writer));
        }
        expect(written).toEqual(
          events.map((event) => {
            const transaction = event.transaction === undefined ? undefined : batch.transactions[event.transaction]!;
            const us = transaction === undefined ? batch.receivedMs * 1_000 : Number(transaction.commitTimeUs);
            return {
              before: expectedImage(schema, event.before, identity !== 'full', json),
              after: expectedImage(schema, event.after, false, json),
              source: {
                version: '1',
                connector: 'postgresql',
                name: 'shop "1"',
                ts_ms: Math.floor(us / 1_000),
                ts_us: us,
                snapshot: event.op === Op.Read ? 'true' : 'false',
                db: 'dä\nb',
                schema: 'public',
                table: 't',
                txId: transaction?.xid ?? null,
                lsn: transaction === undefined ? null : Number(transaction.commitLsn),
              },
              transaction: null,
              ts_ms: batch.receivedMs,
              op: String.fromCharCode(event.op),
            };
          }),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('copies all digits of bigint, numeric and the position', () => {
    const batch = batchOf(tableOf(['bigint', 'exact', 'float']), [
      { op: Op.Create, after: ['-9223372036854775808', '1.10', '0.1'], transaction: 2 },
    ]);
    const writer = new DebeziumJsonWriter({ name: 'shop', db: 'shop' });
    expect(writer.write(batch)).toBe(1);
    const text = new TextDecoder().decode(writer.take());
    expect(text).toContain('"after":{"c0":-9223372036854775808,"c1":"1.10","c2":0.1}');
    expect(text).toContain('"lsn":8589934599}');
    expect(writer.length).toBe(0);
  });

  it('keeps inline json on its line', () => {
    const batch = batchOf(tableOf(['json']), [
      { op: Op.Create, after: ['{\n "a": "x\\ny",\r\n "n": 12345678901234567890 }'], transaction: 0 },
    ]);
    const writer = new DebeziumJsonWriter({ name: 'shop', db: 'shop', json: 'inline' });
    writer.write(batch);
    const text = new TextDecoder().decode(writer.bytes);
    expect(text.match(/\n/g)).toHaveLength(1);
    expect(text).toContain('12345678901234567890');
  });

  it('stops at its limit, grows for one giant row and gives the room back', () => {
    const giant = '\u0001'.repeat(300_000);
    const batch = batchOf(tableOf(['text']), [
      { op: Op.Create, after: [giant] },
      { op: Op.Create, after: ['b'] },
    ]);
    const writer = new DebeziumJsonWriter({ name: 'shop', db: 'shop', outputBytes: 1_000 });
    expect(writer.write(batch)).toBe(1);
    expect(writer.length).toBeGreaterThan(1_800_000);
    expect(lines(writer)).toHaveLength(1);
    expect(writer.bytes.buffer.byteLength).toBeLessThan(100_000);
    expect(writer.write(batch, 1)).toBe(2);
  });
});
