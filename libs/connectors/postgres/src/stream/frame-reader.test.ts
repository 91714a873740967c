import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FrameReader } from './frame-reader.ts';

const frame = (type: number, body: Uint8Array): Buffer => {
  const bytes = Buffer.alloc(5 + body.length);
  bytes[0] = type;
  bytes.writeInt32BE(4 + body.length, 1);
  bytes.set(body, 5);
  return bytes;
};

/** Everything a reader finds in the chunks, as type and body. */
function walk(chunks: readonly Buffer[]): [number, string][] {
  const reader = new FrameReader();
  const found: [number, string][] = [];
  for (const chunk of chunks) {
    reader.feed(chunk);
    while (reader.next()) found.push([reader.type, reader.bytes.toString('hex', reader.start, reader.end)]);
    expect(reader.isDrained).toBe(true);
    // The socket reuses its buffer: whatever the reader still needs it must have copied.
    chunk.fill(0xee);
  }
  return found;
}

describe('FrameReader', () => {
  it('finds the same messages wherever the stream is cut', () => {
    const messages = fc.array(fc.tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 40 })), {
      maxLength: 30,
    });
    const cuts = fc.array(fc.nat(1_500), { maxLength: 40 });
    fc.assert(
      fc.property(messages, cuts, (sent, at) => {
        const stream = Buffer.concat(sent.map(([type, body]) => frame(type, body)));
        const edges = [0, ...at.filter((cut) => cut < stream.length).sort((a, b) => a - b), stream.length];
        const chunks = edges.slice(1).map((end, index) => Buffer.from(stream.subarray(edges[index], end)));
        expect(walk(chunks)).toEqual(sent.map(([type, body]) => [type, Buffer.from(body).toString('hex')]));
      }),
      { numRuns: 300 },
    );
  });

  it('joins a message far larger than a chunk', () => {
    const body = Buffer.alloc(3_000_000, 7);
    const stream = Buffer.concat([frame(100, Buffer.from('ab')), frame(100, body), frame(101, Buffer.from('cd'))]);
    const chunks = Array.from({ length: Math.ceil(stream.length / 65_536) }, (_, index) =>
      Buffer.from(stream.subarray(index * 65_536, (index + 1) * 65_536)),
    );
    const found = walk(chunks);
    expect(found.map(([type, hex]) => [type, hex.length / 2])).toEqual([
      [100, 2],
      [100, 3_000_000],
      [101, 2],
    ]);
    expect(found[1]![1]).toBe(body.toString('hex'));
  });

  it('refuses a length that no message has', () => {
    const reader = new FrameReader();
    reader.feed(Buffer.from([100, 0, 0, 0, 3]));
    expect(() => reader.next()).toThrow('3 bytes');
  });
});
