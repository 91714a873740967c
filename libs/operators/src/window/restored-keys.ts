import { partitionOwner, type SnapshotEntry } from '@millrace/engine';
import { readSaved, type SavedKeys, type SavedPosition } from './saved-frames.ts';

/** Keys whose windows have been emitted up to one frame. */
export interface RestoredGroup {
  readonly lastClosed: number;
  readonly saved: SavedKeys[];
}

/**
 * Saved keys, each with the position of the instance that saved them. While rows come, all instances stand at the same one. After the
 * end of the input each closes its windows by itself, and a snapshot may find one done and another not: what some keys have
 * emitted others have not.
 */
export class RestoredKeys {
  /** By instance. */
  readonly #positions: SavedPosition[] = [];
  readonly #entries: { readonly partition: number; readonly saved: SavedKeys }[] = [];

  add(entry: SnapshotEntry): void {
    const read = readSaved(entry);
    if (read.kind === 'position') this.#positions[read.instance] = read.position;
    else this.#entries.push({ partition: entry.partition, saved: read.saved });
  }

  /** The least of all instances; negative infinity where none has saved. */
  get watermarkMs(): number {
    if (this.#positions.length === 0) return Number.NEGATIVE_INFINITY;
    return Math.min(...this.#positions.map(({ watermarkMs }) => watermarkMs));
  }

  /** By position, those that have emitted least first. */
  groups(): RestoredGroup[] {
    const groups = new Map<number, RestoredGroup>();
    for (const { lastClosed } of this.#positions) groups.set(lastClosed, { lastClosed, saved: [] });
    for (const { partition, saved } of this.#entries) {
      const owner = this.#positions[partitionOwner(partition, this.#positions.length)]!;
      groups.get(owner.lastClosed)!.saved.push(saved);
    }
    return [...groups.values()].sort((a, b) => (a.lastClosed < b.lastClosed ? -1 : 1));
  }
}
