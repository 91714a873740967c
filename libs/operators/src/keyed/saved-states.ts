import { deserialize, serialize } from 'node:v8';
import { PARTITION_COUNT, type SnapshotEntry, type SnapshotWriter } from '@millrace/engine';
import { errorCode, MillraceError } from '@millrace/kernel';
import type { Key } from '../contract/key.ts';
import type { KeyedEntry } from './keyed-states.ts';

export const StateNotPlain = errorCode('operators.state_not_plain', {
  domain: 'user',
  retry: 'never',
  title: 'State that cannot be saved',
});

/** Version of the saved form; a reader of a later one has to know the earlier ones. */
const VERSION = 1;
const ENTRY_PREFIX = 'states-';
/** Keys in one entry of the snapshot, and written in one slice. */
const KEYS_PER_ENTRY = 1_024;

interface SavedStates<State> {
  readonly version: number;
  readonly keys: readonly Key[];
  readonly states: readonly State[];
}

/** What the writer asks of the store. */
interface Frozen<State> {
  /** The entries of a partition as they are now. */
  entriesOf(partition: number): Iterable<KeyedEntry<State>>;
  isDone(entry: KeyedEntry<State>): boolean;
  done(entry: KeyedEntry<State>): void;
  finished(): void;
}

/** Writes the entries that there were at the barrier, a slice at a time. */
export class StatesWriter<State> {
  readonly #store: Frozen<State>;
  /** By partition: entries changed or removed since the barrier, as they were. */
  readonly #kept = new Map<number, { readonly key: Key; readonly state: State }[]>();
  #partition = 0;
  #chunk = 0;
  #live: Iterator<KeyedEntry<State>> | undefined;
  #pending: SnapshotEntry | undefined;

  constructor(store: Frozen<State>) {
    this.#store = store;
  }

  keep(partition: number, key: Key, state: State): void {
    const kept = this.#kept.get(partition) ?? [];
    kept.push({ key, state });
    this.#kept.set(partition, kept);
  }

  /** `true`: everything has been written. */
  write(writer: SnapshotWriter): boolean {
    for (let written = 0; this.#partition < PARTITION_COUNT; ) {
      if (this.#pending !== undefined && !writer.offer(this.#pending)) return false;
      this.#pending = undefined;
      if (written >= KEYS_PER_ENTRY) return false;
      const next = this.#next();
      written += next?.keys.length ?? 0;
      this.#pending = next?.entry;
    }
    this.#store.finished();
    return true;
  }

  /** The next entry of the snapshot; `undefined` and on to the next partition when this one has no more. */
  #next(): { readonly entry: SnapshotEntry; readonly keys: readonly Key[] } | undefined {
    const keys: Key[] = [];
    const states: State[] = [];
    const kept = this.#kept.get(this.#partition);
    for (; kept !== undefined && kept.length > 0 && keys.length < KEYS_PER_ENTRY; ) {
      const { key, state } = kept.pop()!;
      keys.push(key);
      states.push(state);
    }
    // A map's iterator is live: what was added since is known by `isDone`, what was removed is among the kept.
    this.#live ??= this.#store.entriesOf(this.#partition)[Symbol.iterator]();
    while (keys.length < KEYS_PER_ENTRY) {
      const { done, value } = this.#live.next();
      if (done === true) break;
      if (this.#store.isDone(value)) continue;
      this.#store.done(value);
      keys.push(value.key);
      states.push(value.state);
    }
    if (keys.length === 0) {
      this.#partition += 1;
      this.#chunk = 0;
      this.#live = undefined;
      return undefined;
    }
    const value = saved({ version: VERSION, keys, states } satisfies SavedStates<State>);
    return { entry: { partition: this.#partition, key: `${ENTRY_PREFIX}${this.#chunk++}`, value }, keys };
  }
}

/** What an entry holds; `undefined` when it is not one of these. */
export function readStates<State>({ key, value }: SnapshotEntry): SavedStates<State> | undefined {
  return key.startsWith(ENTRY_PREFIX) ? (deserialize(value) as SavedStates<State>) : undefined;
}

/** @throws MillraceError `operators.state_not_plain` */
export const saved = (state: unknown): Uint8Array => plainly(() => serialize(state));

/** @throws MillraceError `operators.state_not_plain` */
export const plainCopy = <State>(state: State): State => plainly(() => structuredClone(state));

function plainly<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new MillraceError(
      StateNotPlain,
      {
        message: `state cannot be saved: ${error instanceof Error ? error.message : String(error)}`,
        mend: 'Keep only plain data in it (objects, arrays, Map, Set, Date, numbers, texts): no functions, no classes with methods.',
      },
      { cause: error },
    );
  }
}
