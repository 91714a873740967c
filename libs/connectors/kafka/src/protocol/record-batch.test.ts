import { describe, expect, it } from '@jest/globals';
import { crc32c, Reader, readRecordsBatch } from '@platformatic/kafka';
import fc from 'fast-check';
import { COMPRESSIONS } from './compression.ts';
import { NO_HEADERS, RecordBatch } from './record-batch.ts';
import { putVarint, varintLength } from './varint.ts';

const PRODUCER = { producerId: 77n, epoch: 3, sequence: 2 ** 31 - 2, isTransactional: true };

const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined });
const message = fc.record({
  timeMs: fc.integer({ min: -1_000, max: 2 ** 41 }),
  key: bytes,
  value: bytes,
});
type Message = typeof message extends fc.Arbitrary<infer T> ? T : never;

/** As another implementation of the format reads it. */
async function decoded(batch: RecordBatch, compression: keyof typeof COMPRESSIONS) {
  const encoded = Buffer.concat(await batch.encode(PRODUCER, COMPRESSIONS[compression]));
  const read = readRecordsBatch(Reader.from(encoded));
  expect(read.crc).toBe(crc32c(encoded.subarray(21)));
  expect(read.length).toBe(encoded.length - 12);
  expect([read.producerId, read.producerEpoch, read.firstSequence]).toEqual([77n, 3, 2 ** 31 - 2]);
  expect(read.lastOffsetDelta).toBe(batch.count - 1);
  return read.records.map(({ key, value, timestampDelta, offsetDelta }, index) => {
    expect(offsetDelta).toBe(index);
    const plain = (field: Buffer | null) => (field === null ? undefined : Uint8Array.from(field));
    return { timeMs: Number(read.firstTimestamp + timestampDelta), key: plain(key), value: plain(value) };
  });
}

const filled = (messages: readonly Message[]): RecordBatch => {
  const batch = new RecordBatch(1_000_000);
  for (const { timeMs, key, value } of messages) expect(batch.add(timeMs, key, value, NO_HEADERS)).toBe(true);
  return batch;
};

describe('a record batch', () => {
  it.each(Object.keys(COMPRESSIONS) as (keyof typeof COMPRESSIONS)[])(
    'is read by others as it was written, packed with %s',
    async (compression) => {
      await fc.assert(
        fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 50 }), async (messages) => {
          const batch = filled(messages);
          expect(await decoded(batch, compression)).toEqual(messages);
          // Encoded again after a failure.
          expect(await decoded(batch, compression)).toEqual(messages);
        }),
        { numRuns: 50 },
      );
    },
  );

  it('comes apart into halves with the same records in the same order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 2, maxLength: 50 }), async (messages) => {
        const [first, second] = filled(messages).split();
        expect([...(await decoded(first, 'none')), ...(await decoded(second, 'none'))]).toEqual(messages);
        expect(Math.abs(first.count - second.count)).toBeLessThan(2);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses what does not fit, except alone', () => {
    const batch = new RecordBatch(1_000);
    expect(batch.add(0, undefined, new Uint8Array(5_000), NO_HEADERS)).toBe(true);
    expect(batch.add(0, undefined, new Uint8Array(1), NO_HEADERS)).toBe(false);
    expect(batch.count).toBe(1);
  });
});

describe('varints', () => {
  it('are those of the format', () => {
    const encoded = (value: number): number[] => {
      const out = new Uint8Array(10);
      return [...out.subarray(0, putVarint(out, 0, value))];
    };
    expect(encoded(0)).toEqual([0]);
    expect(encoded(-1)).toEqual([1]);
    expect(encoded(64)).toEqual([0x80, 1]);
    expect(encoded(-(2 ** 31))).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), (value) => {
        expect(encoded(value)).toHaveLength(varintLength(value));
        expect(Reader.from(Buffer.from(encoded(value))).readVarInt64()).toBe(BigInt(value));
      }),
    );
  });
});
