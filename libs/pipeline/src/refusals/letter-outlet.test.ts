import { describe, expect, it } from '@jest/globals';
import type { Batch, Processor, ProcessorContext, SnapshotEntry } from '@millrace/engine';
import { changeEvents, isChangeBatch, type TableSchema } from '@millrace/formats';
import { systemClock } from '@millrace/kernel';
import { LetterOutlet } from './letter-outlet.ts';
import type { Letter } from './letter-store.ts';

const schema: TableSchema = {
  id: 'public.t',
  schema: 'public',
  table: 't',
  fieldCount: 0,
  replicaIdentity: 'default',
  columns: [],
};
const letter = (number: number): Letter => ({
  number,
  reason: 'sql.invalid_text',
  message: 'no number',
  mend: undefined,
  isParked: false,
  attempts: 1,
  rowKey: {},
  record: {
    op: 'c',
    schema,
    before: null,
    after: { id: '1' },
    position: { commitLsn: '0/1A', index: number },
    xid: 1,
    commitTimeUs: '0',
    receivedMs: 0,
    flags: 0,
  },
});

/** Shows rows in two phases, and takes nothing while it is busy. */
class TwoPhaseSink implements Processor {
  isBusy = false;
  readonly shown: unknown[] = [];
  #rows: unknown[] = [];
  #prepared: unknown[] = [];

  process(_: number, batch: Batch): boolean {
    if (this.isBusy || !isChangeBatch(batch)) return false;
    this.#rows.push(...changeEvents(batch).map(({ after }) => after));
    return true;
  }

  snapshotPrepare(): boolean {
    this.#prepared = this.#rows;
    this.#rows = [];
    return true;
  }

  saveSnapshot(_: number, writer: { offer(entry: SnapshotEntry): boolean }): boolean {
    return writer.offer({ partition: -1, key: 'rows', value: Buffer.from(JSON.stringify(this.#prepared.length)) });
  }

  async snapshotCommit(): Promise<void> {
    this.shown.push(...this.#prepared);
    this.#prepared = [];
  }
}

async function opened(sink: TwoPhaseSink): Promise<LetterOutlet> {
  const outlet = new LetterOutlet('copy', sink);
  const metrics = { add: () => {}, set: () => {}, observe: () => {} };
  await outlet.init({ clock: systemClock, metrics } as unknown as ProcessorContext);
  return outlet;
}

describe('copies of letters', () => {
  it('are rows that say what there is to know, seen when the snapshot is committed', async () => {
    const sink = new TwoPhaseSink();
    const outlet = await opened(sink);
    outlet.put(letter(7));
    expect(outlet.prepare(1)).toBe(true);
    outlet.put(letter(8));
    expect(sink.shown).toEqual([]);
    const saved: SnapshotEntry[] = [];
    expect(outlet.save(1, { offer: (entry) => saved.push(entry) > 0 })).toBe(true);
    expect(saved).toHaveLength(1);
    await outlet.commit(1);
    expect(sink.shown).toMatchObject([
      {
        letter: 'copy.7',
        stage: 'copy',
        number: 7n,
        reason: 'sql.invalid_text',
        message: 'no number',
        mend: null,
        parked: false,
        attempts: 1,
        table: 'public.t',
        position: '0/1A/7',
      },
    ]);
    expect(outlet.prepare(2)).toBe(true);
    await outlet.commit(2);
    expect(sink.shown).toHaveLength(2);
  });

  it('hold a snapshot back until the sink has taken them', async () => {
    const sink = new TwoPhaseSink();
    const outlet = await opened(sink);
    sink.isBusy = true;
    outlet.put(letter(1));
    expect(outlet.prepare(1)).toBe(false);
    outlet.put(letter(2));
    expect(outlet.complete()).toBe(false);
    sink.isBusy = false;
    expect(outlet.prepare(1)).toBe(true);
    await outlet.commit(1);
    expect(sink.shown).toMatchObject([{ letter: 'copy.1' }, { letter: 'copy.2' }]);
  });
});
