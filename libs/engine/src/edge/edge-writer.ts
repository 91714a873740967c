import { MillraceError } from '@millrace/kernel';
import type { Batch } from '../contract/batch.ts';
import type { Partitioner, Routing } from '../contract/dag.ts';
import type { EndOfInput, SnapshotBarrier, Watermark } from '../contract/mark.ts';
import { PARTITION_COUNT, partitionOwner } from '../contract/snapshot.ts';
import { ContractViolated } from '../errors.ts';
import { isBatch } from './item.ts';
import type { StreamWriter } from './stream.ts';
import { markShared } from './transfer.ts';

/**
 * One outgoing edge of one instance. What a refused item still owes to which target is remembered, so that offering the same
 * item again gives nobody anything twice.
 */
export class EdgeWriter {
  readonly #routing: Routing;
  /** By index of the destination instance; one only for `isolated` and `all-to-one`. */
  readonly #targets: readonly StreamWriter[];
  /** Sees each batch once, before it is given away. Absent: nobody looks. */
  onBatch: ((batch: Batch) => void) | undefined;
  /** Offered last, while somebody looks. */
  #seen: Batch | undefined;
  /** Given to the edge so far. */
  rows = 0;
  /** The item under way; its open deliveries by target. */
  #item: Batch | Watermark | undefined;
  readonly #owed: (Batch | Watermark | undefined)[];
  #delivered = 0;
  /** Target of each partition. */
  #ownerOf: Uint16Array | undefined;
  #next = 0;

  constructor(routing: Routing, targets: readonly StreamWriter[]) {
    this.#routing = routing;
    this.#targets = targets;
    this.#owed = targets.map(() => undefined);
  }

  /** Some targets have the item under way and others do not: nothing may come between. */
  get isPartial(): boolean {
    return this.#item !== undefined && this.#delivered > 0;
  }

  offer(item: Batch | Watermark): boolean {
    if (this.onBatch !== undefined && isBatch(item) && item !== this.#seen) this.#show(item, this.onBatch);
    const isTaken = this.#offer(item);
    if (isTaken && isBatch(item)) this.rows += item.length;
    return isTaken;
  }

  #show(batch: Batch, onBatch: (batch: Batch) => void): void {
    this.#seen = batch;
    onBatch(batch);
  }

  #offer(item: Batch | Watermark): boolean {
    if (this.#targets.length === 1) return this.#targets[0]!.offer(item);
    if (this.#item !== item) {
      this.#refuseIfPartial();
      this.#item = undefined;
      if (this.#routing.kind === 'unicast' && isBatch(item)) return this.#offerToAny(item);
      this.#begin(item);
    }
    return this.#deliver();
  }

  put(mark: SnapshotBarrier | EndOfInput): void {
    for (const target of this.#targets) target.put(mark);
  }

  /** Whole batches in turn; a full target is passed over, so that one slow instance does not stop the others. */
  #offerToAny(batch: Batch): boolean {
    const count = this.#targets.length;
    for (let tried = 0; tried < count; tried++) {
      const target = this.#next;
      this.#next = (target + 1) % count;
      if (this.#targets[target]!.offer(batch)) return true;
    }
    return false;
  }

  #refuseIfPartial(): void {
    if (!this.isPartial) return;
    throw new MillraceError(ContractViolated, {
      message: 'another item was offered before the refused one was taken by all targets',
      mend: 'Keep the refused item and offer it first when called again.',
    });
  }

  #begin(item: Batch | Watermark): void {
    this.#item = item;
    this.#delivered = 0;
    if (this.#routing.kind === 'partitioned' && isBatch(item) && item.length > 0) {
      this.#split(item, this.#routing.partitioner);
    } else {
      // Also empty batches on a partitioned edge: they carry metadata that every instance needs.
      if (isBatch(item)) markShared(item);
      this.#owed.fill(item);
    }
  }

  #split(batch: Batch, partitioner: Partitioner): void {
    const count = this.#targets.length;
    if (partitioner.split !== undefined && batch.kind !== 'bytes') {
      this.#ownerOf ??= Uint16Array.from({ length: PARTITION_COUNT }, (_, partition) =>
        partitionOwner(partition, count),
      );
      const parts = partitioner.split(batch, this.#ownerOf, count);
      for (let target = 0; target < count; target++) this.#owed[target] = parts[target];
      return;
    }
    const indexes: number[][] = this.#targets.map(() => []);
    for (let row = 0; row < batch.length; row++) {
      indexes[partitionOwner(partitioner.partitionOf(batch, row), count)]!.push(row);
    }
    for (let target = 0; target < count; target++) {
      const rows = indexes[target]!;
      if (rows.length === batch.length) this.#owed[target] = batch;
      // Without a row of its own an instance still gets the metadata of bytes (the end of a source transaction).
      else if (rows.length > 0 || batch.kind === 'bytes') this.#owed[target] = partitioner.take(batch, rows);
      else this.#owed[target] = undefined;
    }
  }

  #deliver(): boolean {
    let open = false;
    for (let target = 0; target < this.#targets.length; target++) {
      const item = this.#owed[target];
      if (item === undefined) continue;
      if (this.#targets[target]!.offer(item)) {
        this.#owed[target] = undefined;
        this.#delivered += 1;
      } else {
        open = true;
      }
    }
    if (!open) this.#item = undefined;
    return !open;
  }
}
