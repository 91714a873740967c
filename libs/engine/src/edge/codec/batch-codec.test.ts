import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Batch, type ColumnBatch, type ColumnField, type RowBatch, rowBatch } from '../../contract/batch.ts';
import { BatchDecoder, BatchEncoder, type CodedBatch } from './batch-codec.ts';

/** Through the message, as on a port. */
function sender() {
  const encoder = new BatchEncoder();
  const decoder = new BatchDecoder();
  let codedCount = 0;
  const send = (batch: Batch): Batch => {
    const { message, transfer } = encoder.encode(batch);
    const arrived: Batch | CodedBatch = structuredClone(message, { transfer });
    if (arrived.kind !== 'coded') return arrived;
    codedCount += 1;
    return decoder.decode(arrived);
  };
  const sendRows = (rows: readonly unknown[]): readonly unknown[] => {
    const batch = send(rowBatch(rows));
    return batch.kind === 'rows' ? batch.rows : [];
  };
  return { send, sendRows, coded: () => codedCount };
}

const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, -(2 ** 31), 2 ** 53),
);
const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('\ud800', '\udc00', 'a longer text of many words', ''),
  fc.bigInt(),
  fc.boolean(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 5 }),
  fc.dictionary(fc.string(), number).map((entries) => new Map(Object.entries(entries))),
  fc.sparseArray(fc.integer(), { maxLength: 4, maxNumElements: 2 }),
  fc.constantFrom(
    null,
    undefined,
    new Set([1]),
    /x/g,
    new Error('no'),
    [],
    {},
    Object(1),
    new Float64Array([Number.NaN]),
  ),
);
const leaf = fc.oneof({ weight: 3, arbitrary: number }, odd);
const key = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.constantFrom('__proto__', 'constructor', '0', 'a"\n\u2028b', 'length'),
);

/** Makes rows of one form: each field keeps to one arbitrary, as in real rows. */
const form = fc.letrec<{ field: fc.Arbitrary<unknown>; record: fc.Arbitrary<unknown> }>((tie) => ({
  field: fc.oneof(
    { depthSize: 'small' },
    {
      weight: 4,
      arbitrary: fc.constantFrom<fc.Arbitrary<unknown>>(
        number,
        fc.integer(),
        fc.boolean(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.string({ maxLength: 12 }),
        leaf,
      ),
    },
    { weight: 2, arbitrary: tie('record') },
    { weight: 1, arbitrary: tie('record').map((each) => fc.array(each as fc.Arbitrary<unknown>, { maxLength: 5 })) },
    {
      weight: 1,
      arbitrary: fc.array(tie('field'), { maxLength: 3 }).map((each) => fc.tuple(...(each as fc.Arbitrary<unknown>[]))),
    },
    { weight: 1, arbitrary: tie('field').map((each) => fc.option(each as fc.Arbitrary<unknown>, { nil: undefined })) },
    { weight: 1, arbitrary: tie('field').map((each) => fc.option(each as fc.Arbitrary<unknown>, { nil: null })) },
  ) as fc.Arbitrary<fc.Arbitrary<unknown>>,
  record: fc
    .uniqueArray(fc.tuple(key, tie('field')), { maxLength: 5, selector: ([name]) => name })
    .map((fields) =>
      fc
        .tuple(...fields.map(([, each]) => each as fc.Arbitrary<unknown>))
        .map((values) => Object.fromEntries(fields.map(([name], index) => [name, values[index]]))),
    ),
}));

const rowsOf = (form.field as fc.Arbitrary<fc.Arbitrary<unknown>>).chain((row) =>
  fc.array(fc.array(row, { minLength: 12, maxLength: 40 }), { minLength: 1, maxLength: 4 }),
);

describe('batches between threads', () => {
  it('arrive as structured clone makes them, whatever is in their rows', () => {
    fc.assert(
      fc.property(rowsOf, (batches) => {
        const stream = sender();
        for (const rows of batches) expect(described(stream.sendRows(rows))).toEqual(described(structuredClone(rows)));
      }),
      { numRuns: 120 },
    );
  });

  it('arrive alike when rows of several forms are mixed', () => {
    const mixed = fc.array(fc.oneof(leaf, fc.record({ a: leaf }), fc.record({ a: leaf, b: number }), fc.array(leaf)), {
      minLength: 16,
      maxLength: 30,
    });
    fc.assert(
      fc.property(fc.array(mixed, { maxLength: 20 }), (batches) => {
        const stream = sender();
        for (const rows of batches) expect(described(stream.sendRows(rows))).toEqual(described(structuredClone(rows)));
      }),
    );
  });
});

const typical: Readonly<Record<string, (n: number) => unknown>> = {
  records: (n) => ({ id: n, name: `name ${n}`, at: 1.7e12 + n, isNew: n % 2 === 0, total: BigInt(n) ** 3n }),
  'records in records, some absent': (n) => ({
    id: n,
    before: n % 3 === 0 ? null : { a: n },
    after: { a: n / 2, b: undefined },
  }),
  'pairs of key and record': (n) => [`key ${n}`, { id: n, text: 'longer than what is joined' }],
  'lists of records': (n) => Array.from({ length: n % 4 }, (_, index) => ({ n, index })),
  numbers: (n) => n,
};

describe.each(Object.entries(typical))('%s', (_name, make) => {
  const rows = Array.from({ length: 100 }, (_, n) => make(n));

  it('are encoded, as rows', () => {
    const stream = sender();
    const times = Float64Array.from(rows, (_, n) => n);
    for (let count = 1; count <= 3; count++) {
      const batch = stream.send(rowBatch(rows, 5_000, times.slice()));
      expect(stream.coded()).toBe(count);
      expect(batch).toMatchObject({ kind: 'rows', length: 100, byteLength: 5_000, times });
      expect(described((batch as RowBatch).rows)).toEqual(described(structuredClone(rows)));
    }
  });

  it('are encoded, as a column', () => {
    const stream = sender();
    const fields: ColumnField[] = [
      { name: 'id', type: 'int32' },
      { name: 'value', type: 'any' },
    ];
    const columns = [Int32Array.from(rows, (_, n) => n), [...rows, 'beyond the length']];
    const batch = stream.send({ kind: 'columns', length: 100, byteLength: 1, schema: { fields }, columns });
    expect(stream.coded()).toBe(1);
    const [ids, values] = (batch as ColumnBatch).columns as [Int32Array, unknown[]];
    expect(ids[99]).toBe(99);
    expect(described(values)).toEqual(described(structuredClone(rows)));
  });
});

it('values widen their kind for good, and instances of classes lose their class as in structured clone', () => {
  class Point {
    readonly x: number;
    constructor(x: number) {
      this.x = x;
    }
  }
  const stream = sender();
  const late = (value: unknown) => Array.from({ length: 100 }, (_, n) => ({ v: n === 99 ? value : n }));
  for (const value of [1, 0.5, null, -0, undefined, 'text', new Point(1), 2]) {
    const rows = late(value);
    expect(described(stream.sendRows(rows))).toEqual(described(structuredClone(rows)));
  }
  expect(stream.coded()).toBe(8);
});

/** Whatever structured clone tells apart, in a form that does not depend on the realm of an object's prototype. */
function described(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return [typeof value, Object.is(value, -0) ? '-0' : String(value)];
  const tag = Object.prototype.toString.call(value);
  const text = value instanceof RegExp || value instanceof Date ? value.toString() : '';
  const members = value instanceof Map || value instanceof Set ? [...value].map(described) : [];
  const fields = Object.keys(value).map((name) => [
    name,
    described((value as Readonly<Record<string, unknown>>)[name]),
  ]);
  return [tag, text, Array.isArray(value) ? value.length : undefined, members, fields];
}
