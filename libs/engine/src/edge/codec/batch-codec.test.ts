import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Batch, rowBatch } from '../../contract/batch.ts';
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
  fc.constantFrom(null, undefined, new Set([1]), /x/g, new Error('no'), [], {}, Object(1), new Float64Array([Number.NaN])),
);
const leaf = fc.oneof({ weight: 3, arbitrary: number }, odd);
const key = fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('__proto__', 'constructor', '0', 'a"\n\u2028b', 'length'));

/** Makes rows of one form: each field keeps to one arbitrary, as in real rows. */
const form = fc.letrec<{ field: fc.Arbitrary<unknown>; record: fc.Arbitrary<unknown> }>((tie) => ({
  field: fc.oneof(
    { depthSize: 'small' },
    { weight: 4, arbitrary: fc.constantFrom<fc.Arbitrary<unknown>>(number, fc.integer(), fc.boolean(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.string({ maxLength: 12 }), leaf) },
    { weight: 2, arbitrary: tie('record') },
    { weight: 1, arbitrary: tie('record').map((each) => fc.array(each as fc.Arbitrary<unknown>, { maxLength: 5 })) },
    { weight: 1, arbitrary: fc.array(tie('field'), { maxLength: 3 }).map((each) => fc.tuple(...(each as fc.Arbitrary<unknown>[]))) },
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
    let coded = 0;
    fc.assert(
      fc.property(rowsOf, (batches) => {
        const stream = sender();
        for (const rows of batches) expect(described(stream.sendRows(rows))).toEqual(described(structuredClone(rows)));
        coded += stream.coded();
      }),
      { numRuns: 400 },
    );
    expect(coded).toBeGreaterThan(400);
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

/** Whatever structured clone tells apart, in a form that does not depend on the realm of an object's prototype. */
function described(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return [typeof value, Object.is(value, -0) ? '-0' : String(value)];
  const tag = Object.prototype.toString.call(value);
  const isOwnText = tag === '[object RegExp]' || tag === '[object Date]';
  const members = value instanceof Map || value instanceof Set ? [...value].map(described) : [];
  const fields = Object.keys(value).map((name) => [name, described((value as Readonly<Record<string, unknown>>)[name])]);
  return [tag, isOwnText ? String(value) : '', Array.isArray(value) ? value.length : undefined, members, fields];
}
