/** Keys are spread over this many partitions, whatever the number of threads and members. */
export const PARTITION_COUNT = 271;

/** State that belongs to no key: on restore every instance of the vertex gets it. */
export const EVERY_INSTANCE = -1;

/** One piece of a vertex's saved state. */
export interface SnapshotEntry {
  /** Partition the key belongs to (0 to `PARTITION_COUNT` - 1), or `EVERY_INSTANCE`. */
  readonly partition: number;
  /** Unique within vertex and partition. */
  readonly key: string;
  readonly value: Uint8Array;
}

export interface SnapshotWriter {
  /** Takes an entry for the snapshot; `false` means try again later with the same entry first. */
  offer(entry: SnapshotEntry): boolean;
}

/** The instance of a vertex that owns a partition. */
export const partitionOwner = (partition: number, totalParallelism: number): number => partition % totalParallelism;
