import { MillraceError } from '@millrace/kernel';
import { SnapshotDamaged, SnapshotLost } from '../errors.ts';
import { decideRestore, isSame } from '../snapshot/decide-restore.ts';
import { stateHash } from '../snapshot/redis-snapshot-store.ts';
import type { SnapshotRecord, SnapshotStore } from '../snapshot/snapshot-store.ts';
import { WITNESS_STATE_BYTES_MAX, type Witness, type WitnessStore } from '../snapshot/witness.ts';

export interface RestorePoint {
  /** `undefined` on a first start. */
  readonly restored: { readonly snapshotId: number; readonly bytes: Buffer } | undefined;
  /** Larger than every id used so far. */
  readonly nextSnapshotId: number;
}

/**
 * Finds where the job continues. To be called after the claim: then no older attempt can commit a snapshot any more.
 * @throws MillraceError `cluster.snapshot_lost`, `cluster.snapshot_damaged`, `cluster.redis_unavailable`
 */
export async function findRestorePoint(
  jobId: string,
  store: SnapshotStore,
  witnesses: WitnessStore,
): Promise<RestorePoint> {
  const records = await store.records(jobId);
  const witness = await witnesses.read(jobId);
  const nextSnapshotId = Math.max(records[0]?.snapshotId ?? 0, witness?.snapshotId ?? 0) + 1;
  const decision = decideRestore(records, witness);
  switch (decision.kind) {
    case 'first-start':
      return { restored: undefined, nextSnapshotId };
    case 'from-store': {
      const { record } = decision;
      const bytes = await readOrTakeCopy(jobId, store, record, witness);
      // INV-2: the witness stands before anything of phase two, and restoring is where phase two of this snapshot happens.
      if (decision.witnessFirst) await witnesses.write(jobId, witnessOf(record, bytes));
      return { restored: { snapshotId: record.snapshotId, bytes }, nextSnapshotId };
    }
    case 'from-witness': {
      const { snapshotId, state, hash, generation } = decision.witness;
      const bytes = Buffer.from(state);
      if (stateHash(bytes) !== hash) throw lost({ snapshotId, generation }, records[0], 'its copy there is damaged');
      return { restored: { snapshotId, bytes }, nextSnapshotId };
    }
    case 'lost':
      throw lost(decision.witness, decision.newest, 'its state was too large to be kept there');
  }
}

/** What the metadata database remembers of a snapshot. */
export const witnessOf = (record: SnapshotRecord, bytes: Uint8Array): Witness => ({
  snapshotId: record.snapshotId,
  generation: record.generation,
  takenAtMs: record.takenAtMs,
  hash: record.hash,
  state: bytes.length <= WITNESS_STATE_BYTES_MAX ? bytes : undefined,
});

async function readOrTakeCopy(
  jobId: string,
  store: SnapshotStore,
  record: SnapshotRecord,
  witness: Witness | undefined,
): Promise<Buffer> {
  try {
    return await store.read(jobId, record);
  } catch (error) {
    const copy = witness !== undefined && isSame(record, witness) ? witness.state : undefined;
    const isDamaged = error instanceof MillraceError && error.code === SnapshotDamaged;
    if (!isDamaged || copy === undefined || stateHash(copy) !== record.hash) throw error;
    return Buffer.from(copy);
  }
}

const lost = (
  { snapshotId, generation }: Pick<Witness, 'snapshotId' | 'generation'>,
  newest: SnapshotRecord | undefined,
  why: string,
): MillraceError =>
  new MillraceError(SnapshotLost, {
    message: `snapshot ${snapshotId} of execution ${generation} is gone: Redis ${
      newest === undefined
        ? 'has no snapshot of this job'
        : `only has snapshot ${newest.snapshotId} of execution ${newest.generation}`
    }, the metadata database remembers a newer one, and ${why}. The sinks may already show what it covers, so going on from an older one could repeat or skip changes.`,
    mend: 'Either restore Redis from a copy that has the snapshot and resume the job, or delete the job and create it again, which loads everything anew.',
    details: { snapshotId, generation, newestSnapshotId: newest?.snapshotId, newestGeneration: newest?.generation },
  });
