import {
  decodeState,
  Fenced,
  type JobDirectory,
  type JobPlan,
  type JobStatus,
  type JobView,
  SNAPSHOTS_RETAINED,
  type SnapshotRecord,
  type SnapshotStore,
  type Witness,
  type WitnessStore,
} from '@millrace/cluster';
import type { VertexState } from '@millrace/engine';
import { type ErrorRecord, MillraceError } from '@millrace/kernel';
import type { VirtualThread } from '../loop/virtual-thread.ts';
import type { Outside } from './outside.ts';

/** A committed snapshot as the simulation remembers it, also when the store has forgotten it. */
export interface CommittedSnapshot {
  readonly record: SnapshotRecord;
  readonly bytes: Buffer;
}

/** Changes the state that a store gives back: a defect put in on purpose, to see it found. */
export type Damage = (state: readonly VertexState[]) => readonly VertexState[];

const fenced = (message: string): MillraceError => new MillraceError(Fenced, { message });

/** Snapshot store, witness and job directory of the one job of a simulation. They lose nothing. */
export class ControlPlane {
  generation = 0;
  status: JobStatus = 'NOT_RUNNING';
  error: ErrorRecord | undefined;
  /** Raised by every request to restart. */
  restartRequested = 0;
  witness: Witness | undefined;
  readonly committed: CommittedSnapshot[] = [];
  readonly #outside: Outside;
  #statusGeneration = 0;

  constructor(outside: Outside, restored?: CommittedSnapshot) {
    this.#outside = outside;
    if (restored === undefined) return;
    const { record, bytes } = restored;
    this.committed.push(restored);
    this.generation = record.generation;
    this.witness = { ...record, state: bytes };
  }

  /** Newest first. */
  get records(): readonly SnapshotRecord[] {
    return this.committed
      .slice(-SNAPSHOTS_RETAINED)
      .map(({ record }) => record)
      .reverse();
  }

  stateOf(snapshotId: number): readonly VertexState[] | undefined {
    const found = this.committed.find(({ record }) => record.snapshotId === snapshotId);
    return found && decodeState(found.bytes);
  }

  /** The store as a process sees it whose requests come from `caller`. */
  storeFor(caller: VirtualThread): SnapshotStore {
    const ask = <T>(name: 'store.write' | 'store read', effect: () => T): Promise<T> =>
      this.#outside.request(caller, name, effect);
    return {
      claim: (_, floor) =>
        ask('store read', () => {
          this.generation = Math.max(this.generation, floor) + 1;
          return this.generation;
        }),
      generationOf: () => ask('store read', () => this.generation),
      records: () => ask('store read', () => this.records),
      write: (_, record, state) => ask('store.write', () => this.#write(record, state)),
      read: (_, { snapshotId }) =>
        ask('store read', () =>
          Buffer.from(this.committed.find(({ record }) => record.snapshotId === snapshotId)!.bytes),
        ),
      sweep: () => ask('store read', () => undefined),
      remove: async () => undefined,
    };
  }

  witnessFor(caller: VirtualThread): WitnessStore {
    return {
      read: () => this.#outside.request(caller, 'witness read', () => this.witness),
      write: (_, witness) => this.#outside.request(caller, 'witness.write', () => this.#remember(witness)),
    };
  }

  directoryFor(caller: VirtualThread, plan: JobPlan): JobDirectory {
    const ask = <T>(effect: () => T): Promise<T> => this.#outside.request(caller, 'jobs read', effect);
    return {
      find: (id) => ask(() => this.#view(id)),
      begin: (_, generation) =>
        ask(() => {
          this.#checkStatus(generation);
          if (this.status === 'COMPLETED' || this.status === 'FAILED') return false;
          this.#statusGeneration = generation;
          this.status = 'STARTING';
          return true;
        }),
      setStatus: (_, generation, { status, error }) =>
        ask(() => {
          this.#checkStatus(generation);
          this.status = status;
          this.error = error;
        }),
      plan: async () => plan,
    };
  }

  #view(id: string): JobView {
    const { status, restartRequested } = this;
    return { id, name: id, desired: 'running', status, restartRequested, generation: this.#statusGeneration };
  }

  #checkStatus(generation: number): void {
    if (generation < this.#statusGeneration) throw fenced(`generation ${this.#statusGeneration} has begun`);
  }

  #write(record: SnapshotRecord, state: Uint8Array): void {
    if (record.generation < this.generation) throw fenced(`generation ${this.generation} owns the job`);
    const newest = this.committed.at(-1)?.record;
    if (newest?.snapshotId === record.snapshotId && newest.hash === record.hash) return;
    if (newest !== undefined && newest.snapshotId >= record.snapshotId) throw fenced('a later snapshot exists');
    this.committed.push({ record, bytes: Buffer.from(state) });
  }

  #remember(witness: Witness): void {
    const { witness: known } = this;
    if (known?.snapshotId === witness.snapshotId && known.hash === witness.hash) return;
    if (known !== undefined && (witness.generation < known.generation || witness.snapshotId <= known.snapshotId)) {
      throw fenced('a newer snapshot is remembered');
    }
    this.witness = witness;
  }
}
