import type { SnapshotRecord } from './snapshot-store.ts';
import type { Witness } from './witness.ts';

/** Where an execution continues. */
export type RestoreDecision =
  /** Nothing was ever committed. */
  | { readonly kind: 'first-start' }
  /** Continue from this record's state in the store. With `witnessFirst` the witness must be written before anything else. */
  | { readonly kind: 'from-store'; readonly record: SnapshotRecord; readonly witnessFirst: boolean }
  /** The store has lost it, the witness has the state. */
  | { readonly kind: 'from-witness'; readonly witness: Witness & { readonly state: Uint8Array } }
  /** The store has lost it and nobody has the state. */
  | { readonly kind: 'lost'; readonly witness: Witness; readonly newest: SnapshotRecord | undefined };

/**
 * Compares what the store has with what the metadata database remembers.
 *
 * The store's newest record is ahead of the witness when its id is larger and its generation is not smaller: a crash came between the
 * record and the witness. No phase two had started, every sink had prepared: the snapshot is committed, and the witness is made up for.
 *
 * In every other case the witness is the truth, because sinks have acted on it: the same snapshot among the store's records, else the
 * witness's own copy of the state, else it is lost. A larger id of a smaller generation is no progress: it was
 * written by an attempt that had been superseded (a store that was split in two), and no sink acted on it.
 */
export function decideRestore(records: readonly SnapshotRecord[], witness: Witness | undefined): RestoreDecision {
  const newest = records[0];
  if (witness === undefined) {
    return newest === undefined ? { kind: 'first-start' } : { kind: 'from-store', record: newest, witnessFirst: true };
  }
  if (newest !== undefined && newest.snapshotId > witness.snapshotId && newest.generation >= witness.generation) {
    return { kind: 'from-store', record: newest, witnessFirst: true };
  }
  const same = records.find((record) => isSame(record, witness));
  if (same !== undefined) return { kind: 'from-store', record: same, witnessFirst: false };
  const { state } = witness;
  if (state !== undefined) return { kind: 'from-witness', witness: { ...witness, state } };
  return { kind: 'lost', witness, newest };
}

/** The witness stands for exactly this record. */
export const isSame = (record: SnapshotRecord, witness: Witness): boolean =>
  record.snapshotId === witness.snapshotId && record.generation === witness.generation && record.hash === witness.hash;
