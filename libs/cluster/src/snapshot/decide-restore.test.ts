import { describe, expect, it } from '@jest/globals';
import { decideRestore } from './decide-restore.ts';
import type { SnapshotRecord } from './snapshot-store.ts';
import type { Witness } from './witness.ts';

const record = (snapshotId: number, generation: number, hash = `${snapshotId}/${generation}`): SnapshotRecord => ({
  snapshotId,
  generation,
  hash,
  takenAtMs: 0,
  chunks: 1,
  bytes: 1,
});
const witness = (
  snapshotId: number,
  generation: number,
  state?: 'state',
  hash = `${snapshotId}/${generation}`,
): Witness => ({
  snapshotId,
  generation,
  hash,
  takenAtMs: 0,
  state: state && Buffer.from(state),
});

/** Every way the newest record can stand to a witness (snapshot 5 of execution 3, without and with state). */
const rows = [
  // newest record, why, decision without state, decision with state
  [undefined, 'Redis lost everything', 'lost', 'from-witness'],
  [record(4, 2), 'older id, older execution: Redis lost the last snapshot', 'lost', 'from-witness'],
  [record(4, 3), 'older id, same execution: Redis lost the last snapshot', 'lost', 'from-witness'],
  [record(4, 4), 'older id, newer execution: the witness came back from a split', 'lost', 'from-witness'],
  [record(5, 2), 'same id, older execution: Redis was split', 'lost', 'from-witness'],
  [record(5, 3), 'equal', 'from-store', 'from-store'],
  [record(5, 3, 'other'), 'same id and execution, another state', 'lost', 'from-witness'],
  [record(5, 4), 'same id, newer execution: cannot happen while one of the two is intact', 'lost', 'from-witness'],
  [
    record(6, 2),
    'newer id, older execution: written by a superseded attempt on the other half of a split',
    'lost',
    'from-witness',
  ],
  [record(6, 3), 'newer id, same execution: crash between record and witness', 'ahead', 'ahead'],
  [record(6, 4), 'newer id, newer execution: crash between record and witness', 'ahead', 'ahead'],
] as const;

const kindOf = (decision: ReturnType<typeof decideRestore>): string =>
  decision.kind === 'from-store' && decision.witnessFirst ? 'ahead' : decision.kind;

describe('decideRestore', () => {
  it('starts afresh when nothing was ever committed', () => {
    expect(decideRestore([], undefined)).toEqual({ kind: 'first-start' });
  });

  it('goes on from the only record when the crash came before the first witness', () => {
    const only = record(1, 1);
    expect(decideRestore([only], undefined)).toEqual({ kind: 'from-store', record: only, witnessFirst: true });
  });

  for (const [newest, why, without, withState] of rows) {
    const id = newest === undefined ? 'nothing' : `${newest.snapshotId} of execution ${newest.generation}`;
    it(`Redis has ${id}, the witness 5 of execution 3 (${why})`, () => {
      const records = newest === undefined ? [] : [newest];
      expect(kindOf(decideRestore(records, witness(5, 3)))).toBe(without);
      expect(kindOf(decideRestore(records, witness(5, 3, 'state')))).toBe(withState);
    });
  }

  it('finds the witness among the retained records when the newest one is of a superseded attempt', () => {
    const same = record(5, 3);
    const decision = decideRestore([record(6, 2), same], witness(5, 3));
    expect(decision).toEqual({ kind: 'from-store', record: same, witnessFirst: false });
  });

  it('never goes on from a snapshot older than the witness (INV-2), whatever Redis has', () => {
    for (let id = 1; id <= 9; id++) {
      for (let generation = 1; generation <= 6; generation++) {
        for (const state of [undefined, 'state'] as const) {
          const decision = decideRestore([record(id, generation), record(id - 1, generation)], witness(5, 3, state));
          const from =
            decision.kind === 'from-store'
              ? decision.record
              : decision.kind === 'from-witness'
                ? decision.witness
                : undefined;
          if (from !== undefined) expect(from.snapshotId).toBeGreaterThanOrEqual(5);
          if (from?.snapshotId === 5) expect([from.generation, from.hash]).toEqual([3, '5/3']);
        }
      }
    }
  });
});
