import { describe, expect, it } from '@jest/globals';
import {
  type Batch,
  type ByteBatch,
  type Processor,
  type ProcessorContext,
  type RowBatch,
  rowBatch,
  type SnapshotWriter,
  watermark,
} from '@millrace/engine';
import { fusedLoop } from '@millrace/operators';
import { verifyProcessor } from './verify-processor.ts';

/** Emits a running count of each word; what can go wrong in a processor goes wrong on demand. */
class RunningCount implements Processor {
  readonly #counts = new Map<string, number>();
  readonly #bug: string;
  #context!: ProcessorContext;
  #output: RowBatch | undefined;

  constructor(bug = '') {
    this.#bug = bug;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
  }

  process(_ordinal: number, batch: Batch): boolean {
    if (this.#bug === 'repeats its work when called again' || this.#output === undefined) {
      this.#output = rowBatch((batch as RowBatch<string>).rows.map((word) => [word, this.#count(word)]));
    }
    const output = this.#bug === 'offers a copy' ? rowBatch(this.#output.rows) : this.#output;
    const isTaken = this.#context.outbox.offer(output);
    if (!isTaken && this.#bug !== 'ignores refusals') return false;
    this.#output = undefined;
    if (this.#bug === 'changes what it emitted') (output.rows as unknown[]).push('more');
    return true;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    if (this.#bug === 'saves nothing') return true;
    for (const [key, count] of this.#counts) {
      if (this.#saved.has(key)) continue;
      const isTaken = writer.offer({ partition: 0, key, value: Buffer.from(String(count)) });
      if (!isTaken) return this.#bug === 'ignores a refused entry';
      this.#saved.add(key);
    }
    return true;
  }

  readonly #saved = new Set<string>();

  restoreSnapshot({ key, value }: { readonly key: string; readonly value: Uint8Array }): void {
    this.#counts.set(key, Number(Buffer.from(value).toString()));
  }

  complete(): boolean {
    return this.#bug !== 'never wakes';
  }

  #count(word: string): number {
    const count = (this.#counts.get(word) ?? 0) + 1;
    this.#counts.set(word, count);
    return count;
  }
}

const verifyCount = (bug?: string) =>
  verifyProcessor(() => new RunningCount(bug), { wakeDurationMsMax: 50 })
    .input(['ada', 'ada', watermark(10), 'grace', 'ada'])
    .expectOutput([['ada', 1], ['ada', 2], watermark(10), ['grace', 1], ['ada', 3]]);

describe('verifyProcessor', () => {
  it('passes a processor that keeps its contract', async () => {
    await expect(verifyCount()).resolves.toBeUndefined();
  });

  it.each([
    ['repeats its work when called again', /offered something else/],
    ['offers a copy', /offered something else/],
    ['ignores refusals', /process returned true although its offer was refused/],
    ['changes what it emitted', /not extensible/],
    ['saves nothing', /restored into a new instance after every step, after commit, edge 0:\s+came/],
    ['ignores a refused entry', /saveSnapshot\(\) returned true although an entry was refused/],
    ['never wakes', /complete\(\) returned false, nothing was refused and wake\(\) did not come/],
  ])('catches one that %s', async (bug, message) => {
    await expect(verifyCount(bug)).rejects.toThrow(message);
  });

  it('says which run went wrong and shows both outputs', async () => {
    const verified = verifyProcessor(fusedLoop([{ map: (n: number) => n + 1 }])).input([1, 2]);
    await expect(verified.expectOutput([2, 4])).rejects.toThrow(
      'in bulk, accepting every offer, without a snapshot, edge 0:\n  came     [ 2, 3 ]\n  expected [ 2, 4 ]',
    );
  });

  it('drives fused stages', async () => {
    await verifyProcessor(fusedLoop([{ flatMap: (n: number) => [n, -n] }, { filter: (n: number) => n !== 2 }]))
      .input([1, 2, watermark(5), 3])
      .expectOutput([1, -1, -2, watermark(5), 3, -3]);
  });

  it('drives a source, asking for snapshots between its calls', async () => {
    class Numbers implements Processor {
      #context!: ProcessorContext;
      #next = 0;
      #pending: RowBatch<number> | undefined;

      init(context: ProcessorContext): void {
        this.#context = context;
      }

      complete(): boolean {
        while (this.#next < 5) {
          this.#pending ??= rowBatch([this.#next]);
          if (!this.#context.outbox.offer(this.#pending)) return false;
          this.#pending = undefined;
          this.#next += 1;
        }
        return true;
      }

      saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
        return writer.offer({ partition: 0, key: 'next', value: Uint8Array.of(this.#next) });
      }

      restoreSnapshot({ value }: { readonly value: Uint8Array }): void {
        this.#next = value[0]!;
      }
    }
    await verifyProcessor(() => new Numbers()).expectOutput([0, 1, 2, 3, 4]);
  });

  it('waits for a processor that works in promises', async () => {
    class Slow implements Processor {
      #context!: ProcessorContext;
      #result: RowBatch | undefined;
      #isBusy = false;

      init(context: ProcessorContext): void {
        this.#context = context;
      }

      process(_ordinal: number, batch: Batch): boolean {
        if (this.#result !== undefined) {
          if (!this.#context.outbox.offer(this.#result)) return false;
          this.#result = undefined;
          this.#isBusy = false;
          return true;
        }
        if (!this.#isBusy) {
          this.#isBusy = true;
          setImmediate(() => {
            this.#result = rowBatch((batch as RowBatch<number>).rows.map((n) => n * 2));
            this.#context.wake();
          });
        }
        return false;
      }
    }
    await verifyProcessor(() => new Slow())
      .input([1, 2, 3])
      .expectOutput([2, 4, 6]);
  });

  it('compares byte batches by what the test reads from them, and finds a reused buffer', async () => {
    interface Bytes extends ByteBatch {
      readonly data: Uint8Array;
    }
    const bytes = (data: Uint8Array): Bytes => ({
      kind: 'bytes',
      format: 't',
      length: data.length,
      byteLength: data.length,
      data,
    });
    const options = {
      rowsOf: (batch: Batch) => [...(batch as Bytes).data],
      split: (batch: Batch) => [...(batch as Bytes).data].map((byte) => bytes(Uint8Array.of(byte))),
    };
    const input = [bytes(Uint8Array.of(1, 2)), bytes(Uint8Array.of(3, 4))];
    const doubled = fusedLoop([{ transform: (batch) => bytes((batch as Bytes).data.map((byte) => byte * 2)) }]);
    await verifyProcessor(doubled, options).input(input).expectOutput([2, 4, 6, 8]);
    await verifyProcessor(fusedLoop([]), options).input(input).expectOutput([1, 2, 3, 4]);

    const scratch = new Uint8Array(2);
    const reusing = fusedLoop([
      {
        transform: (batch) => {
          scratch.set((batch as Bytes).data);
          return bytes(scratch);
        },
      },
    ]);
    await expect(verifyProcessor(reusing, options).input(input).expectOutput([1, 2, 3, 4])).rejects.toThrow();
  });
});
