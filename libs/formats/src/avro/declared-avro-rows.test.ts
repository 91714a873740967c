import { describe, expect, it } from '@jest/globals';
import avsc from 'avsc';
import fc from 'fast-check';
import { encodeRows } from '../change/encode-rows.ts';
import { UNCHANGED } from '../change/rows.ts';
import type { Column, ColumnKind, TableSchema } from '../change/table-schema.ts';
import { NotAValue } from '../declared/column-text.ts';
import { DECLARED_TYPES, type DeclaredType, declaredSchema } from '../declared/declared-columns.ts';
import type { DeclaredRow } from '../declared/declared-row.ts';
import { ByteOutput } from '../json/byte-output.ts';
import { AvroReader } from './avro-reader.ts';
import { AvroRowWriter } from './avro-row-writer.ts';
import { DeclaredAvroRows } from './declared-avro-rows.ts';

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');
const integer = (min: number, max: number): fc.Arbitrary<string> => fc.integer({ min, max }).map(String);

/** Trailing zeros are none of PostgreSQL's. */
const fraction = fc
  .integer({ min: 0, max: 999_999 })
  .map((us) => (us === 0 ? '' : `.${pad(us, 6).replace(/0+$/, '')}`));
const time = fc
  .tuple(fc.integer({ min: 0, max: 86_399 }), fraction)
  .map(
    ([s, rest]) =>
      `${[Math.floor(s / 3_600), Math.floor(s / 60) % 60, s % 60].map((part) => pad(part, 2)).join(':')}${rest}`,
  );
const day = fc
  .tuple(fc.integer({ min: 1, max: 294_000 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map(([y, m, d]) => `${pad(y, 4)}-${pad(m, 2)}-${pad(d, 2)}`);
const infinite = fc.constantFrom('infinity', '-infinity');
const stamp = (zone: string): fc.Arbitrary<string> =>
  fc.oneof(
    infinite,
    fc
      .tuple(day, time, fc.constantFrom('', ' BC'))
      .filter(([d, , bc]) => bc === '' || d.length === 10)
      .map(([d, t, bc]) => `${d} ${t}${zone}${bc}`),
  );
const document = fc.jsonValue().map((value) => JSON.stringify(value));
const number = fc.oneof(fc.double().map((value) => (Object.is(value, -0) ? '0' : String(value))));

/** Texts as PostgreSQL prints them, by declared type. */
const TEXTS: Readonly<Record<DeclaredType, fc.Arbitrary<string>>> = {
  smallint: integer(-32_768, 32_767),
  integer: integer(-(2 ** 31), 2 ** 31 - 1),
  bigint: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  numeric: fc.oneof(
    fc.constantFrom('NaN', 'Infinity', '-0.10'),
    fc.bigInt().map((value) => `${value}.50`),
  ),
  real: number,
  'double precision': number,
  boolean: fc.constantFrom('t', 'f'),
  text: fc.string({ unit: 'binary' }),
  date: fc.oneof(infinite, day),
  time: fc.oneof(fc.constant('24:00:00'), time),
  timestamp: stamp(''),
  timestamptz: stamp('+00'),
  uuid: fc.uuid(),
  json: document,
  jsonb: document,
  bytea: fc.uint8Array().map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
};

function written(schema: TableSchema, row: DeclaredRow): { readonly schemaText: string; readonly bytes: Buffer } {
  const output = new ByteOutput(16);
  const writer = new AvroRowWriter(output, { numeric: 'decimal', arrays: 'array' });
  writer.row(encodeRows(schema, [row], { receivedMs: 0 }), 0);
  return { schemaText: JSON.stringify(writer.rowSchema(schema)), bytes: Buffer.from(output.take()) };
}

const rowsOf = (schemaText: string, columns: readonly Column[]): DeclaredAvroRows =>
  new DeclaredAvroRows(new AvroReader(schemaText), columns);

const column = (name: string, kind: ColumnKind, sqlType: string = kind): Column => ({
  name,
  field: 0,
  kind,
  sqlType,
  key: false,
  nullable: true,
});

/** A row that another program wrote with a schema of one field `v`. */
function foreign(type: unknown, value: unknown, kind: ColumnKind): unknown {
  const schema = { type: 'record', name: 'R', namespace: 'other', fields: [{ name: 'v', type }] };
  const bytes = avsc.Type.forSchema(schema as never, { wrapUnions: 'always' }).toBuffer({ v: value });
  return rowsOf(JSON.stringify(schema), [column('v', kind)]).row(bytes)['v'];
}

describe('DeclaredAvroRows', () => {
  it('reads what was written, every type, digit for digit', () => {
    const names = Object.keys(DECLARED_TYPES) as DeclaredType[];
    const columns = Object.fromEntries(names.map((type) => [`a ${type}`, type]));
    const schema = declaredSchema({ table: 'public.t', columns, key: [] });
    const arbitrary = fc.record(
      Object.fromEntries(names.map((type) => [`a ${type}`, fc.option(TEXTS[type], { freq: 9 })])),
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(arbitrary, (row) => {
        const { schemaText, bytes } = written(schema, row);
        expect({ ...rowsOf(schemaText, schema.columns).row(bytes) }).toEqual(row);
      }),
    );
  });

  it('reads decimals of every precision and scale', () => {
    const decimal = fc
      .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 40 }))
      .filter(([precision, scale]) => scale <= precision)
      .chain(([precision, scale]) =>
        fc.tuple(
          fc.constant([precision, scale] as const),
          fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n }),
        ),
      );
    fc.assert(
      fc.property(decimal, ([[precision, scale], unscaled]) => {
        const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
        const whole = digits.slice(0, digits.length - scale);
        const text = `${unscaled < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`;
        const own = column('v', 'exact', `numeric(${precision},${scale})`);
        const schema: TableSchema = {
          id: 'public.t',
          schema: 'public',
          table: 't',
          columns: [own],
          fieldCount: 1,
          replicaIdentity: 'default',
        };
        const { schemaText, bytes } = written(schema, { v: text });
        expect(rowsOf(schemaText, [own]).row(bytes)['v']).toBe(text);
      }),
    );
  });

  it('keeps that a value was not resent', () => {
    const schema = declaredSchema({ table: 'public.t', columns: { id: 'integer', note: 'text' }, key: ['id'] });
    const { schemaText, bytes } = written(schema, { id: '1', note: UNCHANGED });
    expect({ ...rowsOf(schemaText, schema.columns).row(bytes) }).toEqual({ id: '1', note: UNCHANGED });
  });

  const inner = {
    type: 'record',
    name: 'Inner',
    fields: [
      { name: 'big', type: 'long' },
      { name: 'self', type: ['null', 'Inner'] },
    ],
  };
  it.each([
    [{ type: 'long', logicalType: 'timestamp-millis' }, -1, 'timestamptz', '1969-12-31 23:59:59.999+00'],
    [{ type: 'int', logicalType: 'time-millis' }, 1_500, 'time', '00:00:01.5'],
    [{ type: 'long', logicalType: 'timestamp-micros' }, 0, 'text', '1970-01-01T00:00:00Z'],
    [
      { type: 'fixed', name: 'F', size: 2, logicalType: 'decimal', precision: 4, scale: 1 },
      Buffer.from([0xff, 0xff]),
      'exact',
      '-0.1',
    ],
    [{ type: 'fixed', name: 'F', size: 2 }, Buffer.from([1, 2]), 'bytea', '\\x0102'],
    [{ type: 'enum', name: 'E', symbols: ['A', 'B'] }, 'B', 'text', 'B'],
    ['float', 0.1, 'float', '0.1'],
    ['int', 7, 'bigint', '7'],
    ['long', 7, 'text', '7'],
    [['null', 'string', 'long'], { long: 5 }, 'exact', '5'],
    [['null', 'string', 'long'], null, 'exact', null],
    ['string', 'AQI=', 'bytea', '\\x0102'],
    ['string', '2024-01-01T00:00:00Z', 'timestamptz', '2024-01-01 00:00:00+00'],
    [
      { type: 'array', items: ['null', { type: 'int', logicalType: 'date' }] },
      [null, { int: 1 }],
      'json',
      '[null,"1970-01-02"]',
    ],
    [{ type: 'map', values: 'bytes' }, { a: Buffer.from([1, 2]) }, 'text', '{"a":"AQI="}'],
    [
      inner,
      { big: 1, self: { 'other.Inner': { big: 2, self: null } } },
      'json',
      '{"big":1,"self":{"big":2,"self":null}}',
    ],
  ] as const)('reads %j %j of another writer into %s', (type, value, kind, text) => {
    expect(foreign(type, value, kind)).toBe(text);
  });

  it.each([
    ['string', 'x', 'integer', 'its "v" is not an integer'],
    [{ type: 'long', logicalType: 'timestamp-micros' }, 0, 'timestamp', 'its "v" has a time zone'],
    [{ type: 'map', values: 'int' }, {}, 'integer', 'its "v" is an object or array'],
  ] as const)('refuses %j %j for %s', (type, value, kind, message) => {
    expect(() => foreign(type, value, kind)).toThrow(new NotAValue(message));
  });

  it('refuses what is no record, a schema that is none, and a key without value', () => {
    const schema = declaredSchema({ table: 'public.t', columns: { id: 'integer', other: 'text' }, key: ['id'] });
    const { schemaText, bytes } = written(schema, { id: '1', other: 'x' });
    expect(() => rowsOf(schemaText, schema.columns).row(bytes.subarray(0, 2))).toThrow(
      /^it is no record of its schema/,
    );
    expect(() => rowsOf(schemaText, [{ ...column('more', 'text'), key: true }]).row(bytes)).toThrow(
      'its "more" is missing, but part of the key',
    );
    for (const text of ['"string"', 'x', '{"type":"record","name":"a b","fields":[]}']) {
      expect(() => new AvroReader(text)).toThrow(/^an Avro schema cannot be used: /);
    }
  });
});
