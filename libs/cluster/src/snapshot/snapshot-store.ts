/** The commit record of a snapshot: with it the snapshot exists, without it it never did. */
export interface SnapshotRecord {
  /** Grows within a job. */
  readonly snapshotId: number;
  /** Of the execution attempt that took it. */
  readonly generation: number;
  /** Wall clock, milliseconds since 1970. */
  readonly takenAtMs: number;
  /** Pieces the encoded state is kept in. */
  readonly chunks: number;
  /** Size of the encoded state. */
  readonly bytes: number;
  /** SHA-256 of the encoded state, hexadecimal. */
  readonly hash: string;
}

/**
 * Keeps the snapshots of jobs and hands out generations.
 *
 * Fencing: `claim` gives a number larger than every one before; from then on whoever writes with a smaller one is refused with
 * `cluster.fenced`, and nothing it wrote without a commit record is ever read.
 * Every method fails with `cluster.redis_unavailable` when the store does not answer within its limit; a call may then have had its
 * effect or not. `claim`, `write` and `remove` may simply be called again: that is what finds out.
 */
export interface SnapshotStore {
  /**
   * Makes the caller the owner of the job, durably.
   * @param floor a generation known from elsewhere; the result is larger, also when the store has lost its own count.
   */
  claim(jobId: string, floor: number): Promise<number>;

  /** The generation claimed last; 0 when nobody has. */
  generationOf(jobId: string): Promise<number>;

  /** Records of the retained snapshots, newest first, at most `SNAPSHOTS_RETAINED`. */
  records(jobId: string): Promise<readonly SnapshotRecord[]>;

  /**
   * Writes the state and then the commit record, and resolves when both survive a crash of the store. Writing the same record again is
   * fine and finds out whether the first attempt got through.
   * @throws MillraceError `cluster.fenced`: a newer generation was claimed, or another snapshot with this id or a later one exists.
   * @throws MillraceError `cluster.redis_not_durable`
   */
  write(jobId: string, record: SnapshotRecord, state: Uint8Array): Promise<void>;

  /**
   * The state of a retained snapshot, compared with its record.
   * @throws MillraceError `cluster.snapshot_damaged`
   */
  read(jobId: string, record: SnapshotRecord): Promise<Buffer>;

  /** Removes what dead attempts and old snapshots left behind. What the owner is writing stays. */
  sweep(jobId: string): Promise<void>;

  /** Removes everything of a deleted job; whoever still runs it is fenced. */
  remove(jobId: string): Promise<void>;
}

/** Snapshots with a commit record that are kept for each job. */
export const SNAPSHOTS_RETAINED = 2;

/** Size of a piece of state. */
export const CHUNK_BYTES = 65_536;

/** Largest encoded state of one snapshot. */
export const STATE_BYTES_MAX = 512 * 1_048_576;
