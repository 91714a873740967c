import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type RowBatch, rowBatch } from '../contract/batch.ts';
import type { Partitioner, Routing } from '../contract/dag.ts';
import { watermark } from '../contract/mark.ts';
import { EdgeOutbox } from './edge-outbox.ts';
import { EdgeWriter } from './edge-writer.ts';
import { type Item, isBatch } from './item.ts';
import { ignore, type StreamWriter } from './stream.ts';

/** Refuses as the list of booleans says, then accepts everything. */
class Target implements StreamWriter {
  onRoom = ignore;
  readonly items: Item[] = [];
  readonly #accepts: boolean[];

  constructor(accepts: readonly boolean[] = []) {
    this.#accepts = [...accepts];
  }

  offer(item: Item): boolean {
    if (!(this.#accepts.shift() ?? true)) return false;
    this.items.push(item);
    return true;
  }

  put(mark: Item): void {
    this.items.push(mark);
  }

  close = ignore;

  get rows(): unknown[] {
    return this.items.flatMap((item) => (isBatch(item) ? ((item as RowBatch).rows as unknown[]) : [item]));
  }
}

const byValue: Partitioner<RowBatch<number>> = {
  partitionOf: (batch, index) => batch.rows[index]!,
  take: (batch, indexes) => rowBatch(indexes.map((index) => batch.rows[index]!)),
};
const partitioned: Routing = { kind: 'partitioned', partitioner: byValue as Partitioner };

/** Offers as a processor does: again and again the same item until it is taken. */
function offerUntilTaken(outbox: EdgeOutbox, item: Parameters<EdgeOutbox['offer']>[0], ordinal?: number): void {
  for (let attempt = 0; attempt < 100; attempt++) {
    outbox.open();
    const isTaken = ordinal === undefined ? outbox.offer(item) : outbox.offerTo(ordinal, item);
    outbox.close(isTaken);
    if (isTaken) return;
  }
  throw new Error('never taken');
}

describe('the outbox', () => {
  it('gives every target everything once and in order, whoever refuses whenever', () => {
    const refusals = fc.array(fc.boolean(), { maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(270), { minLength: 1, maxLength: 10 }), { maxLength: 8 }),
        fc.array(refusals, { minLength: 5, maxLength: 5 }),
        (sent, accepts) => {
          const [a, b, c, d, e] = accepts.map((each) => new Target(each)) as [Target, Target, Target, Target, Target];
          const outbox = new EdgeOutbox([
            new EdgeWriter(partitioned, [a, b]),
            new EdgeWriter({ kind: 'broadcast' }, [c, d]),
            new EdgeWriter({ kind: 'all-to-one' }, [e]),
          ]);
          for (const rows of sent) {
            offerUntilTaken(outbox, rowBatch(rows));
            offerUntilTaken(outbox, watermark(rows[0]!));
            offerUntilTaken(outbox, rowBatch([-1]), 2);
          }
          const even = (value: number) => value % 2 === 0;
          const withMarks = (keep: (value: number) => boolean) =>
            sent.flatMap((rows) => [...rows.filter(keep), watermark(rows[0]!)]);
          expect(a.rows).toEqual(withMarks(even));
          expect(b.rows).toEqual(withMarks((value) => !even(value)));
          expect(c.rows).toEqual(withMarks(() => true));
          expect(d.rows).toEqual(c.rows);
          expect(e.rows).toEqual(sent.flatMap((rows) => [...rows, watermark(rows[0]!), -1]));
          expect(outbox.rowsOut).toBe(sent.reduce((rows, batch) => rows + batch.length + 1, 0));
        },
      ),
    );
  });

  it('passes over a full target of a unicast edge', () => {
    const [a, b] = [new Target([false, false]), new Target()];
    const writer = new EdgeWriter({ kind: 'unicast' }, [a, b]);
    const items = [rowBatch([1]), rowBatch([2]), rowBatch([3])];
    expect(items.map((item) => writer.offer(item))).toEqual([true, true, true]);
    expect(a.rows).toEqual([3]);
    expect(b.rows).toEqual([1, 2]);
  });

  it('sends an empty batch, which carries metadata only, to every instance of a partitioned edge', () => {
    const targets = [new Target(), new Target()];
    expect(new EdgeWriter(partitioned, targets).offer(rowBatch([]))).toBe(true);
    expect(targets.map((target) => target.items.length)).toEqual([1, 1]);
  });

  it('knows when an item is with some targets only, and then takes no other', () => {
    const outbox = new EdgeOutbox([new EdgeWriter({ kind: 'broadcast' }, [new Target(), new Target([false])])]);
    const item = rowBatch([1]);
    outbox.open();
    expect(outbox.offer(item)).toBe(false);
    outbox.close(false);
    expect(outbox.isPartial).toBe(true);
    outbox.open();
    expect(() => outbox.offer(rowBatch([2]))).toThrow('another item was offered before the refused one');
    outbox.close(false);
  });

  it('only finishes what has begun when told so', () => {
    const outbox = new EdgeOutbox([new EdgeWriter({ kind: 'broadcast' }, [new Target(), new Target([false])])]);
    const item = rowBatch([1]);
    outbox.open();
    outbox.offer(item);
    outbox.close(false);
    outbox.onlyFinishes = true;
    outbox.open();
    expect(outbox.offer(item)).toBe(true);
    expect(outbox.isPartial).toBe(false);
    expect(outbox.offer(rowBatch([2]))).toBe(false);
    outbox.close(false);
  });

  it('refuses what would lose rows silently', () => {
    const outbox = new EdgeOutbox([new EdgeWriter({ kind: 'unicast' }, [new Target([false])])]);
    expect(() => outbox.offer(rowBatch([1]))).toThrow('outside a callback');
    outbox.open();
    expect(outbox.offer(rowBatch([1]))).toBe(false);
    expect(() => outbox.offer(rowBatch([2]))).toThrow('after a refusal in the same callback');
    expect(() => outbox.close(true)).toThrow('returned true although its offer was refused');
    outbox.put({ kind: 'end' });
    outbox.open();
    expect(() => outbox.offer(rowBatch([1]))).toThrow('after complete() returned true');
  });

  it('accepts everything without an outgoing edge', () => {
    const outbox = new EdgeOutbox([]);
    outbox.open();
    expect(outbox.offer(rowBatch([1]))).toBe(true);
    outbox.close(true);
  });
});
