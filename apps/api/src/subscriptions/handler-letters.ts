import { CatalogLetterStore, letterId } from '@millrace/catalog';
import { type LetterReference, partitionOfRecord, type SharedPartitions } from '@millrace/connector-subscription';
import type { EventRecord } from '@millrace/formats';
import type { Clock } from '@millrace/kernel';
import { rowKeyOf } from '@millrace/pipeline';
import type { RefusalBody } from './subscription.schemas.ts';

/** The name that dead letters of handlers have in the place of a stage. */
export const HANDLERS = 'handlers';
/** Open letters of one subscription; with more, handlers hold what they can't handle. */
const OPEN_MAX = 10_000;
/** Between two looks for letters that are to come back. */
const LOOK_MS = 1_000;
/** There is no execution and no snapshot behind these letters. */
const NO_GENERATION = 0;
const NO_SNAPSHOT = 0;

type Store = CatalogLetterStore<EventRecord>;

interface Replays {
  users: number;
  stop(): Promise<void>;
}

/** Changes that handlers of a service gave up, as dead letters of the subscription's job. */
export class HandlerLetters implements AsyncDisposable {
  readonly #databaseUrl: string;
  readonly #clock: Clock;
  readonly #replays = new Map<string, Replays>();

  constructor(databaseUrl: string, clock: Clock) {
    this.#databaseUrl = databaseUrl;
    this.#clock = clock;
  }

  /**
   * Keeps a change as a letter; again is harmless. A letter that came back keeps its number.
   * @returns its id @throws MillraceError `dead_letter.too_many`
   */
  async refuse(
    jobId: string,
    { record, letter }: { readonly record: EventRecord; readonly letter: LetterReference | undefined },
    { number: given, reason, message, mend, attempts }: RefusalBody,
  ): Promise<string> {
    const number = letter?.number ?? given;
    await using store = this.#open(jobId);
    const tried = attempts + (letter?.attempts ?? 0);
    const row = { number, reason, message, mend, isParked: false, rowKey: rowKeyOf(record), record, attempts: tried };
    await store.add([row]);
    await store.seal(NO_SNAPSHOT);
    await store.publish(NO_SNAPSHOT, { replayed: [], discarded: [] });
    return letterId({ stage: HANDLERS, number });
  }

  /** While somebody listens, letters that are replayed are put back. @returns what ends it */
  replayInto(jobId: string, shared: SharedPartitions, partitions: number): () => Promise<void> {
    const replays = this.#replays.get(jobId) ?? this.#start(jobId, shared, partitions);
    replays.users += 1;
    this.#replays.set(jobId, replays);
    return async () => {
      replays.users -= 1;
      if (replays.users > 0) return;
      this.#replays.delete(jobId);
      await replays.stop();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#replays.values()].map((each) => each.stop()));
  }

  #start(jobId: string, shared: SharedPartitions, partitions: number): Replays {
    const store = this.#open(jobId);
    let isStopped = false;
    let cancel = (): void => {};
    let looking: Promise<void> = Promise.resolve();
    let stopping: Promise<void> | undefined;
    const look = (): void => {
      looking = putBack(store, shared, partitions)
        // The next look finds them.
        .catch(() => {})
        .then(() => {
          if (!isStopped) cancel = this.#clock.timer(LOOK_MS, look);
        });
    };
    look();
    return {
      users: 0,
      stop: () => {
        isStopped = true;
        cancel();
        stopping ??= looking.then(() => store[Symbol.asyncDispose]());
        return stopping;
      },
    };
  }

  #open(jobId: string): Store {
    const stage = { jobId, stage: HANDLERS, generation: NO_GENERATION, openMax: OPEN_MAX };
    return new CatalogLetterStore<EventRecord>(this.#databaseUrl, stage);
  }
}

/** Two processes may do it at once: Redis takes each attempt once. */
async function putBack(store: Store, shared: SharedPartitions, partitions: number): Promise<void> {
  const { requests } = await store.requests([]);
  if (requests.length === 0) return;
  const replays = requests.filter(({ kind }) => kind === 'replay');
  for (const { number, attempts, record } of replays) {
    await shared.replay(partitionOfRecord(record, partitions), { number, attempts }, record);
  }
  await store.publish(NO_SNAPSHOT, {
    replayed: replays.map(({ number, attempts }) => ({ number, attempts })),
    discarded: requests.filter(({ kind }) => kind === 'discard').map(({ number }) => number),
  });
}
