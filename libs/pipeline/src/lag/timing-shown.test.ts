import { describe, expect, it } from '@jest/globals';
import { type Processor, type ProcessorContext, rowBatch, SHOWN_AFTER } from '@millrace/engine';
import { type ChangeBatch, ChangeBatchBuilder } from '@millrace/formats';
import { timingShown } from './timing-shown.ts';

/** An empty batch that tells the end of transactions committed at these milliseconds. */
const committedAt = (...times: number[]): ChangeBatch => ({
  ...new ChangeBatchBuilder().build(0),
  transactions: times.map((time) => ({
    commitLsn: 1n as never,
    xid: 1,
    commitTimeUs: BigInt(time) * 1_000n,
    complete: true,
  })),
});

class Sink implements Processor {
  readonly calls: string[] = [];
  #takes = true;

  refuse(): void {
    this.#takes = false;
  }

  process(): boolean {
    this.calls.push('process');
    return this.#takes;
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    this.calls.push(`commit ${snapshotId}`);
  }
}

describe('timingShown', () => {
  it('counts for each snapshot how long ago what it shows was committed at the source', async () => {
    const seen: number[] = [];
    const sink = new Sink();
    const timed = timingShown(sink);
    void timed.init!({
      clock: { nowMs: () => 1_000 },
      metrics: { observe: (name: string, ms: number) => seen.push(name === SHOWN_AFTER ? ms : Number.NaN) },
    } as unknown as ProcessorContext);
    const writer = { offer: () => true };
    expect(timed.process!(0, committedAt(900, 950))).toBe(true);
    expect(timed.process!(0, rowBatch([1]))).toBe(true);
    expect(timed.saveSnapshot!(1, writer)).toBe(true);
    timed.process!(0, committedAt(990));
    sink.refuse();
    expect(timed.process!(0, committedAt(10))).toBe(false);
    await timed.snapshotCommit!(1);
    expect(seen).toEqual([100, 50]);
    timed.saveSnapshot!(2, writer);
    await timed.snapshotCommit!(2);
    // Committed twice is shown once, and what was refused was not shown.
    await timed.snapshotCommit!(2);
    expect(seen).toEqual([100, 50, 10]);
    expect(sink.calls.filter((call) => call === 'commit 2')).toHaveLength(2);
  });
});
