import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Batch, type RowBatch, rowBatch } from '../contract/batch.ts';
import { barrier, END_OF_INPUT } from '../contract/mark.ts';
import { isBatch } from './item.ts';
import { LocalStream } from './local-stream.ts';
import { PortReader, PortWriter } from './port-stream.ts';
import type { StreamReader, StreamWriter } from './stream.ts';

const BOUNDS = { rowsMax: 20, bytesMax: 1_000 };

function openStream(kind: string): { writer: StreamWriter; reader: StreamReader } {
  if (kind === 'local') {
    const stream = new LocalStream(BOUNDS);
    return { writer: stream, reader: stream };
  }
  const { port1, port2 } = new MessageChannel();
  const fail = (error: unknown) => {
    throw error;
  };
  return { writer: new PortWriter(port1, BOUNDS), reader: new PortReader(port2, BOUNDS, fail) };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Batches of these sizes, told apart by their first row. */
const batches = fc
  .array(fc.record({ rows: fc.nat(30), bytes: fc.nat(1_500) }), { maxLength: 40 })
  .map((sizes) => sizes.map(({ rows, bytes }, n) => rowBatch(new Array<number>(rows).fill(n), bytes)));

describe.each(['local', 'port'])('a %s stream', (kind) => {
  it('keeps its bounds, its order and wakes whoever it refused', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.integer({ min: 1, max: 5 }), async (sent, takesPerTurn) => {
        const { writer, reader } = openStream(kind);
        let hasRoom = true;
        writer.onRoom = () => {
          hasRoom = true;
        };
        const open: Batch[] = [];
        const received: unknown[] = [];
        let next = 0;
        while (received.length < sent.length) {
          while (hasRoom && next < sent.length) {
            hasRoom = writer.offer(sent[next]!);
            if (hasRoom) open.push(sent[next++]!);
          }
          const rows = open.reduce((total, batch) => total + Math.max(1, batch.length), 0);
          const bytes = open.reduce((total, batch) => total + batch.byteLength, 0);
          expect(open.length <= 1 || (rows <= BOUNDS.rowsMax && bytes <= BOUNDS.bytesMax)).toBe(true);
          await turn();
          for (let take = 0; take < takesPerTurn; take++) {
            const item = reader.take();
            if (item === undefined) break;
            received.push(isBatch(item) && item.kind === 'rows' ? item.rows : item);
            open.shift();
          }
          await turn();
        }
        expect(received).toEqual(sent.map((batch) => batch.rows));
        writer.close();
        reader.close();
      }),
      { numRuns: 50 },
    );
  });

  it('never refuses a barrier or the end, and keeps them in order with the batches', async () => {
    const { writer, reader } = openStream(kind);
    const full = rowBatch(new Array<number>(20).fill(1));
    expect(writer.offer(full)).toBe(true);
    expect(writer.offer(rowBatch([1]))).toBe(false);
    writer.put(barrier(1));
    writer.put(END_OF_INPUT);
    await turn();
    await turn();
    expect([reader.take(), reader.take(), reader.take(), reader.take()]).toEqual([
      full,
      barrier(1),
      END_OF_INPUT,
      undefined,
    ]);
    writer.close();
    reader.close();
  });

  it('takes one batch larger than its bounds when it is empty', async () => {
    const { writer, reader } = openStream(kind);
    const huge: RowBatch<number> = rowBatch(new Array<number>(100).fill(7), 100_000);
    expect(writer.offer(huge)).toBe(true);
    expect(writer.offer(rowBatch([1]))).toBe(false);
    let rooms = 0;
    writer.onRoom = () => {
      rooms += 1;
    };
    await turn();
    await turn();
    expect(reader.take()).toEqual(huge);
    await turn();
    await turn();
    expect(rooms).toBe(1);
    expect(writer.offer(huge)).toBe(true);
    writer.close();
    reader.close();
  });
});
