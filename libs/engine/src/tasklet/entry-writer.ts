import { assert } from '@millrace/kernel';
import { EVERY_INSTANCE, PARTITION_COUNT, type SnapshotEntry, type SnapshotWriter } from '../contract/snapshot.ts';

/** Collects the entries of one instance's snapshot. Values are copied, so the processor may reuse its buffer. */
export class EntryWriter implements SnapshotWriter {
  readonly entries: SnapshotEntry[] = [];

  offer({ partition, key, value }: SnapshotEntry): boolean {
    const isPartition = Number.isInteger(partition) && partition >= EVERY_INSTANCE && partition < PARTITION_COUNT;
    assert(
      isPartition,
      `snapshot entry ${key} has partition ${partition}, not ${EVERY_INSTANCE} to ${PARTITION_COUNT - 1}`,
    );
    this.entries.push({ partition, key, value: Uint8Array.prototype.slice.call(value) });
    return true;
  }
}
