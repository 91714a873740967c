import { assert } from '@millrace/kernel';
import type { Batch } from './batch.ts';
import type { ProcessorSupplier } from './processor.ts';

/** Splits batches by key for a partitioned edge. */
export interface Partitioner<B extends Batch = Batch> {
  /** Partition (0 to `PARTITION_COUNT` - 1) of the row at `index`. */
  partitionOf(batch: B, index: number): number;
  /** The rows at these indexes, in this order, as a batch of their own. */
  take(batch: B, indexes: readonly number[]): B;
  /**
   * The same for a whole batch at once, where that is faster: the rows for each target, `undefined` for a target without
   * any. `ownerOf[partition]` is the target. Order within a target is kept; a batch that goes whole to one target may be returned itself.
   */
  split?(batch: B, ownerOf: Uint16Array, targetCount: number): readonly (B | undefined)[];
}

/**
 * How an edge spreads batches over the instances of its destination.
 * `isolated`: instance i to instance i (parallelism must match). `unicast`: whole batches, round robin.
 * `partitioned`: rows by key. `broadcast`: every batch to every instance. `all-to-one`: to instance 0.
 */
export type Routing =
  | { readonly kind: 'isolated' }
  | { readonly kind: 'unicast' }
  | { readonly kind: 'partitioned'; readonly partitioner: Partitioner }
  | { readonly kind: 'broadcast' }
  | { readonly kind: 'all-to-one' };

export interface Vertex {
  readonly name: string;
  /** Instances per member. */
  readonly localParallelism: number;
  readonly supplier: ProcessorSupplier;
}

export interface Edge {
  readonly from: string;
  readonly fromOrdinal: number;
  readonly to: string;
  readonly toOrdinal: number;
  readonly routing: Routing;
  /** Lower numbers are drained to their end first. Default 0. */
  readonly priority: number;
  readonly queueRowsMax: number;
  readonly queueBytesMax: number;
}

/** Bounds of one queue of an edge unless the edge says otherwise. */
export const QUEUE_ROWS_MAX = 8_192;
export const QUEUE_BYTES_MAX = 8 * 1_048_576;

/** The planned graph. Every thread builds the same one from the job's specification; closures never travel. */
export class Dag {
  readonly vertices: Vertex[] = [];
  readonly edges: Edge[] = [];

  vertex(name: string, supplier: ProcessorSupplier, options: { readonly localParallelism?: number } = {}): this {
    assert(!this.vertices.some((vertex) => vertex.name === name), `two vertices are named ${name}`);
    this.vertices.push({ name, supplier, localParallelism: options.localParallelism ?? 1 });
    return this;
  }

  /** Adds an edge; ordinals are given in the order of these calls. */
  edge(
    from: string,
    to: string,
    options: Partial<Pick<Edge, 'routing' | 'priority' | 'queueRowsMax' | 'queueBytesMax'>> = {},
  ): this {
    const names = this.vertices.map((vertex) => vertex.name);
    assert(names.includes(from) && names.includes(to), `edge ${from} -> ${to} names an unknown vertex`);
    this.edges.push({
      from,
      to,
      fromOrdinal: this.edges.filter((edge) => edge.from === from).length,
      toOrdinal: this.edges.filter((edge) => edge.to === to).length,
      routing: options.routing ?? { kind: 'unicast' },
      priority: options.priority ?? 0,
      queueRowsMax: options.queueRowsMax ?? QUEUE_ROWS_MAX,
      queueBytesMax: options.queueBytesMax ?? QUEUE_BYTES_MAX,
    });
    return this;
  }
}
