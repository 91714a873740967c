import { PARTITION_COUNT, type ProcessorContext, type SnapshotEntry } from '@millrace/engine';
import { MillraceError } from '@millrace/kernel';
import type { Key } from '../contract/key.ts';
import { type CanonicalKey, canonicalKey } from '../partition/canonical-key.ts';
import { partitionOfKey } from '../partition/hash-key.ts';
import { StateTooLarge } from '../window/errors.ts';
import { plainCopy, readStates, StatesWriter } from './saved-states.ts';

/** One key and what is kept for it. */
export interface KeyedEntry<State> {
  readonly key: Key;
  readonly canonical: CanonicalKey;
  readonly partition: number;
  state: State;
  /** The snapshot that needs nothing more of this entry: it has been written or copied, or is newer than the barrier. */
  doneFor: number;
  /** When the timer of the key is due, event time; `undefined` without one. Not saved. */
  timerMs: number | undefined;
}

/** Bytes of a key with its state, where measuring would cost more than it saves. */
const ENTRY_BYTES_ESTIMATE = 256;

/**
 * One object for each key: what stateful maps, sessions and the like keep. Grouped by partition, and saved while rows go on: whoever is
 * about to change an entry calls `touch`, which copies it first if the snapshot under way has not written it yet.
 */
export class KeyedStates<State> {
  readonly #create: (key: Key) => State;
  readonly #byPartition: (Map<CanonicalKey, KeyedEntry<State>> | undefined)[] = new Array(PARTITION_COUNT);
  #size = 0;
  #freezes = 0;
  #writer: StatesWriter<State> | undefined;

  constructor(create: (key: Key) => State) {
    this.#create = create;
  }

  get size(): number {
    return this.#size;
  }

  find(key: Key): KeyedEntry<State> | undefined {
    return this.#byPartition[partitionOfKey(key)]?.get(canonicalKey(key));
  }

  /** The entry of a key, a fresh one if need be. */
  open(key: Key): KeyedEntry<State> {
    const partition = partitionOfKey(key);
    const canonical = canonicalKey(key);
    this.#byPartition[partition] ??= new Map();
    const map = this.#byPartition[partition];
    let entry = map.get(canonical);
    if (entry === undefined) {
      entry = {
        key,
        canonical,
        partition,
        state: this.#create(key),
        doneFor: this.#freezes,
        timerMs: undefined,
      };
      map.set(canonical, entry);
      this.#size += 1;
    }
    return entry;
  }

  /** The entry is about to change. */
  touch(entry: KeyedEntry<State>): void {
    if (this.#writer === undefined || entry.doneFor === this.#freezes) return;
    this.#writer.keep(entry.partition, entry.key, plainCopy(entry.state));
    entry.doneFor = this.#freezes;
  }

  remove(entry: KeyedEntry<State>): void {
    this.touch(entry);
    this.#byPartition[entry.partition]!.delete(entry.canonical);
    this.#size -= 1;
  }

  *entries(): IterableIterator<KeyedEntry<State>> {
    for (const map of this.#byPartition) if (map !== undefined) yield* map.values();
  }

  /** From here on changes copy what they change, until the writer has written everything. */
  freeze(): StatesWriter<State> {
    this.#freezes += 1;
    const freeze = this.#freezes;
    this.#writer = new StatesWriter({
      entriesOf: (partition) => this.#byPartition[partition]?.values() ?? [],
      isDone: (entry) => entry.doneFor === freeze,
      done: (entry) => {
        entry.doneFor = freeze;
      },
      finished: () => {
        this.#writer = undefined;
      },
    });
    return this.#writer;
  }

  /** Puts saved entries back and gives them out; `false` when the entry is not of this store. */
  restore(saved: SnapshotEntry): readonly KeyedEntry<State>[] | undefined {
    const found = readStates<State>(saved);
    if (found === undefined) return undefined;
    return found.keys.map((key, index) => {
      const entry = this.open(key);
      entry.state = found.states[index]!;
      return entry;
    });
  }

  /** Tells the metrics how large it is. @throws MillraceError `operators.state_too_large` */
  checkSize({ stateBytesMax, metrics, vertex }: ProcessorContext): void {
    const bytes = this.#size * ENTRY_BYTES_ESTIMATE;
    metrics.set('stateBytes', bytes);
    metrics.set('keys', this.#size);
    if (stateBytesMax === undefined || bytes <= stateBytesMax) return;
    throw new MillraceError(StateTooLarge, {
      message: `the state of ${vertex} has about ${bytes} bytes for ${this.#size} keys, more than the ${stateBytesMax} it may have`,
      mend: 'Give the state a time-to-live, group by fewer keys, run on more threads or members, or raise the limit on state.',
      details: { vertex, bytes, limit: stateBytesMax },
    });
  }
}
