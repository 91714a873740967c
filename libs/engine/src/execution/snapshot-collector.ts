import { assert } from '@millrace/kernel';
import type { VertexState } from '../contract/execution.ts';
import { addCounts, type RowCounts } from '../contract/row-counts.ts';
import type { SnapshotEntry } from '../contract/snapshot.ts';

/** Gathers what the instances save for one snapshot. */
export class SnapshotCollector {
  readonly snapshotId: number;
  /** Resolves with the whole state, vertices in the DAG's order, when every instance has saved. */
  readonly whole: Promise<readonly VertexState[]>;
  /** Whether the sources have been told. */
  isAnnounced = false;
  readonly #entries: Map<string, SnapshotEntry[]>;
  readonly #counts = new Map<string, RowCounts>();
  readonly #resolve: (state: readonly VertexState[]) => void;
  #missing: number;

  constructor(snapshotId: number, vertices: readonly string[], instanceCount: number) {
    this.snapshotId = snapshotId;
    this.#missing = instanceCount;
    this.#entries = new Map(vertices.map((vertex) => [vertex, []]));
    const { promise, resolve } = Promise.withResolvers<readonly VertexState[]>();
    this.whole = promise;
    this.#resolve = resolve;
  }

  /** One instance has saved; `true` when it was the last. */
  add(vertex: string, entries: readonly SnapshotEntry[], counts: RowCounts): boolean {
    assert(this.#missing > 0, 'no instance saves a snapshot twice');
    const all = this.#entries.get(vertex)!;
    for (const entry of entries) all.push(entry);
    this.#counts.set(vertex, addCounts(counts, this.#counts.get(vertex)));
    this.#missing -= 1;
    if (this.#missing > 0) return false;
    this.#resolve(
      [...this.#entries].map(([name, saved]) => ({ vertex: name, entries: saved, counts: this.#counts.get(name) })),
    );
    return true;
  }
}
