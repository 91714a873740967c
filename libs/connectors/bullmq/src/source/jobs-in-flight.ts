import type { Job } from 'bullmq';

/** An id may come again for another job when the one before was removed; then it was added at another time. */
export const keyOf = ({ id, timestamp }: Pick<Job, 'id' | 'timestamp'>): string => `${timestamp} ${id}`;

export const idOf = (key: string): string => key.slice(key.indexOf(' ') + 1);

/** How a job ends that a committed snapshot holds: completed, or failed for this reason. */
export type Ending = { readonly failed: string } | 'completed';

/** A job that this execution has taken. */
interface InFlight {
  readonly job: Job;
  ending: Ending;
  /** Handed on; before that it is read ahead. */
  isHandedOn: boolean;
  /** The first snapshot that holds it. */
  snapshotId: number | undefined;
}

/** What is saved: jobs that snapshots hold and that may still come again. */
type Saved = readonly (readonly [key: string, failed?: string])[];

const savedOf = (key: string, ending: Ending): Saved[number] => (ending === 'completed' ? [key] : [key, ending.failed]);

/**
 * Jobs between being taken and being completed, by key. Those that a committed snapshot holds and that BullMQ may hand out again (`settled`) are told from
 * new ones.
 */
export class JobsInFlight {
  readonly #taken = new Map<string, InFlight>();
  readonly #settled = new Map<string, Ending>();

  /** Taken and not completed. */
  get size(): number {
    return this.#taken.size;
  }

  /** In a committed snapshot, and neither known to be completed nor taken again. */
  get settled(): ReadonlyMap<string, Ending> {
    return this.#settled;
  }

  /** All of this execution, in the order in which they were taken. */
  jobs(): readonly Job[] {
    return Array.from(this.#taken.values(), ({ job }) => job);
  }

  restore(value: Uint8Array): void {
    for (const [key, failed] of JSON.parse(new TextDecoder().decode(value)) as Saved)
      this.#settled.set(key, failed === undefined ? 'completed' : { failed });
  }

  /** @returns `false` when it has been taken before: BullMQ gave it to us again because its lock had expired */
  take(job: Job): boolean {
    const key = keyOf(job);
    if (this.#taken.has(key)) return false;
    this.#taken.set(key, { job, ending: 'completed', isHandedOn: false, snapshotId: undefined });
    return true;
  }

  handOn(job: Job, ending: Ending): void {
    const taken = this.#taken.get(keyOf(job))!;
    taken.isHandedOn = true;
    taken.ending = ending;
  }

  /** State of a snapshot that holds all that was handed on. */
  save(snapshotId: number): Uint8Array {
    const saved = Array.from(this.#settled, ([key, ending]) => savedOf(key, ending));
    for (const [key, taken] of this.#taken) {
      if (!taken.isHandedOn) continue;
      taken.snapshotId ??= snapshotId;
      saved.push(savedOf(key, taken.ending));
    }
    return new TextEncoder().encode(JSON.stringify(saved));
  }

  /** What a committed snapshot holds, and is to be ended. */
  due(snapshotId: number): readonly { readonly job: Job; readonly ending: Ending }[] {
    return [...this.#taken.values()].filter(
      (taken) => taken.snapshotId !== undefined && taken.snapshotId <= snapshotId,
    );
  }

  /** Handed on in a job without snapshots. */
  handedOn(): readonly { readonly job: Job; readonly ending: Ending }[] {
    return [...this.#taken.values()].filter(({ isHandedOn }) => isHandedOn);
  }

  /** @param ended `false`: its lock was lost, and BullMQ hands it out again */
  end(job: Job, ended: boolean): void {
    const key = keyOf(job);
    const taken = this.#taken.get(key);
    this.#taken.delete(key);
    if (!ended && taken !== undefined) this.#settled.set(key, taken.ending);
  }

  /** It can't come again. */
  forget(key: string): void {
    this.#settled.delete(key);
  }
}
