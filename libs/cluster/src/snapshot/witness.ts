import type { SnapshotRecord } from './snapshot-store.ts';

/**
 * What the metadata database remembers of a job's newest snapshot. It is written before phase two, so a store that has lost
 * a snapshot the sinks acted on is found out.
 */
export interface Witness extends Pick<SnapshotRecord, 'snapshotId' | 'generation' | 'takenAtMs' | 'hash'> {
  /** The encoded state, when it is small enough to be kept here as well. */
  readonly state: Uint8Array | undefined;
}

export interface WitnessStore {
  read(jobId: string): Promise<Witness | undefined>;
  /**
   * Remembers a snapshot if it is newer and not of an older generation; the same one again is fine.
   * @throws MillraceError `cluster.fenced` when it is not newer, or the job is gone
   */
  write(jobId: string, witness: Witness): Promise<void>;
}

/** Encoded states up to this size are kept with the witness. */
export const WITNESS_STATE_BYTES_MAX = 262_144;
