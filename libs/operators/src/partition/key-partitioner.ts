import { type Batch, type ColumnBatch, type Partitioner, type RowBatch } from '@millrace/engine';
import { assert } from '@millrace/kernel';
import type { Key, KeyOf } from '../contract/key.ts';
import type { LoopMode } from '../contract/row-stage.ts';
import { rowAt } from '../loop/interpret.ts';
import type { LoopNames, LoopTerminal } from '../loop/loop-terminal.ts';
import { Loops } from '../loop/loops.ts';
import { mix32, partitionOfHash, partitionOfKey } from './hash-key.ts';
import { scatter, take } from './scatter.ts';

type Readable = RowBatch | ColumnBatch;

const readable = (batch: Batch): Readable => {
  assert(batch.kind !== 'bytes', 'rows are partitioned by a key function, bytes by their own partitioner');
  return batch;
};

/** Sends rows to the partition of their key, so that all rows of a key meet at one instance, in order. */
export function keyPartitioner(keyOf: KeyOf, mode: LoopMode = 'generated'): Partitioner {
  const terminal = new PartitionTerminal(keyOf);
  const loops = new Loops([], terminal, mode);
  return {
    partitionOf: (batch, index) => partitionOfKey(keyOf(rowAt(readable(batch), index))),
    take: (batch, indexes) => take(readable(batch), Int32Array.from(indexes)),
    split(batch, ownerOf, targetCount) {
      const targets = terminal.begin(batch.length);
      loops.run(readable(batch));
      for (let index = 0; index < batch.length; index++) targets[index] = ownerOf[targets[index]!]!;
      return scatter(readable(batch), targets, targetCount);
    },
  };
}

/** Leaves the partition of every row in an array. */
class PartitionTerminal implements LoopTerminal {
  readonly args: readonly unknown[];
  partitions = new Uint16Array(1_024);
  count = 0;
  readonly #keyOf: KeyOf;

  constructor(keyOf: KeyOf) {
    this.#keyOf = keyOf;
    this.args = [this, keyOf, partitionOfKey];
  }

  begin(length: number): Uint16Array {
    if (this.partitions.length < length) this.partitions = new Uint16Array(length);
    this.count = 0;
    return this.partitions;
  }

  code({ row, argument }: LoopNames): { readonly before: string; readonly row: string } {
    return {
      before: `const P = ${argument(0)}.partitions;`,
      row: `P[i] = ${argument(2)}(${argument(1)}(${row}));`,
    };
  }

  receive(row: unknown): void {
    this.partitions[this.count++] = partitionOfKey(this.#keyOf(row));
  }
}

/** Partitions column batches by the values of one column, which are keys. */
export function columnPartitioner(column: number): Partitioner {
  const keysOf = (batch: Batch): Int32Array | readonly Key[] => {
    assert(batch.kind === 'columns', 'only column batches travel on this edge');
    return batch.columns[column] as Int32Array | readonly Key[];
  };
  let targets = new Uint16Array(1_024);
  return {
    partitionOf: (batch, index) => partitionOfKey(keysOf(batch)[index]!),
    take: (batch, indexes) => take(readable(batch), Int32Array.from(indexes)),
    split(batch, ownerOf, targetCount) {
      if (targets.length < batch.length) targets = new Uint16Array(batch.length);
      const keys = keysOf(batch);
      if (keys instanceof Int32Array) {
        for (let index = 0; index < batch.length; index++)
          targets[index] = ownerOf[partitionOfHash(mix32(keys[index]!))]!;
      } else {
        for (let index = 0; index < batch.length; index++) targets[index] = ownerOf[partitionOfKey(keys[index]!)]!;
      }
      return scatter(readable(batch), targets, targetCount);
    },
  };
}
