import type { ProcessorContext } from '@millrace/engine';
import { MillraceError } from '@millrace/kernel';
import type { Handled, Letter, LetterRequest, LetterStore, OpenLetterStore } from './letter-store.ts';

/** Nothing new is taken while so many letters wait for the store. */
const LETTERS_MAX = 1_000;
/** Between two looks for what people have decided. */
const POLL_MS = 1_000;

export interface SavedBox {
  readonly generation: number;
  readonly next: number;
  readonly handled: Handled;
}

export interface LetterBoxOptions {
  readonly open: OpenLetterStore;
  readonly stage: string;
  readonly openMax: number;
}

/**
 * The letters of one stage on their way to the store and back. Calls of the store come one after the other; whoever waits for one is
 * woken when it is done, and a failure fails the execution.
 */
export class LetterBox {
  readonly #options: LetterBoxOptions;
  #context!: ProcessorContext;
  #store!: LetterStore;
  #stopPolling: () => void = () => {};
  #next = 1;
  #letters: Letter[] = [];
  /** Letters were added that no snapshot has sealed. */
  #isUnsealed = false;
  #sealed: { readonly snapshotId: number; isDone: boolean } | undefined;
  #requests: LetterRequest[] = [];
  #isLooking = false;
  /** The last look did not give all that there is. */
  #hasMore = false;
  /** Handled and not yet told, by number. */
  readonly #handled = new Map<number, LetterRequest>();
  readonly #prepared = new Map<number, { readonly handled: Handled; readonly hasLetters: boolean }>();
  #restored: SavedBox | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #isAdding = false;
  #isClosed = false;

  constructor(options: LetterBoxOptions) {
    this.#options = options;
  }

  async init(context: ProcessorContext): Promise<void> {
    this.#context = context;
    const { jobId, generation } = context;
    const { open, stage, openMax } = this.#options;
    this.#store = await open({ jobId, stage, generation, openMax });
  }

  restore(saved: SavedBox): void {
    this.#restored = saved;
    this.#next = saved.next;
  }

  async restoreFinished(): Promise<void> {
    const { restoredSnapshotId: snapshotId } = this.#context;
    const restored = this.#restored;
    const highest = await this.#store.recover(
      restored === undefined || snapshotId === undefined ? undefined : { ...restored, snapshotId },
    );
    // Afresh, numbers go on behind those of the executions before.
    this.#next = Math.max(this.#next, highest + 1);
    this.#poll();
  }

  /** There is no room for more until the store has taken some. */
  get isFull(): boolean {
    return this.#letters.length >= LETTERS_MAX;
  }

  nextNumber(): number {
    return this.#next++;
  }

  put(letter: Letter): void {
    this.#letters.push(letter);
    this.#context.metrics.add('deadLetters', 1);
    this.#add();
  }

  /** What people have decided, oldest first; each is given once. */
  takeRequest(): LetterRequest | undefined {
    const request = this.#requests.shift();
    if (request === undefined) return undefined;
    this.#handled.set(request.number, request);
    if (this.#requests.length === 0 && this.#hasMore) this.#look();
    return request;
  }

  /** Everything put so far is at the store and belongs to the snapshot. */
  prepare(snapshotId: number): boolean {
    if (this.#isAdding || this.#letters.length > 0) return false;
    if (this.#isUnsealed) {
      if (this.#sealed?.snapshotId !== snapshotId) {
        const sealed = { snapshotId, isDone: false };
        this.#sealed = sealed;
        this.#run(async () => {
          await this.#store.seal(snapshotId);
          sealed.isDone = true;
        });
      }
      if (!this.#sealed.isDone) return false;
    }
    this.#prepared.set(snapshotId, { handled: this.#handledNow(), hasLetters: this.#isUnsealed });
    this.#isUnsealed = false;
    return true;
  }

  save(snapshotId: number): SavedBox {
    const { handled } = this.#prepared.get(snapshotId)!;
    return { generation: this.#context.generation, next: this.#next, handled };
  }

  async commit(snapshotId: number): Promise<void> {
    const prepared = this.#prepared.get(snapshotId);
    if (prepared === undefined) return;
    await this.#publish(snapshotId, prepared.handled, prepared.hasLetters);
    this.#prepared.delete(snapshotId);
  }

  /** Without snapshots nothing else would ever show the letters. @returns whether all is shown */
  show(): boolean {
    if (this.#isAdding || this.#letters.length > 0) return false;
    const handled = this.#handledNow();
    if (!this.#isUnsealed && handled.replayed.length + handled.discarded.length === 0) return true;
    const hasLetters = this.#isUnsealed;
    this.#isUnsealed = false;
    this.#run(async () => {
      if (hasLetters) await this.#store.seal(0);
      await this.#publishNow(0, handled, hasLetters);
    });
    return false;
  }

  /** Nor would another snapshot, after the last one. */
  async showLast(): Promise<void> {
    while (!this.show()) await this.#tail;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopPolling();
    await this.#tail;
    await this.#store?.[Symbol.asyncDispose]();
  }

  #handledNow(): Handled {
    const all = [...this.#handled.values()];
    return {
      replayed: all.filter(({ kind }) => kind === 'replay').map(({ number, attempts }) => ({ number, attempts })),
      discarded: all.filter(({ kind }) => kind === 'discard').map(({ number }) => number),
    };
  }

  async #publish(snapshotId: number, handled: Handled, hasLetters: boolean): Promise<void> {
    const done = this.#tail.then(() => this.#publishNow(snapshotId, handled, hasLetters));
    this.#tail = done.catch(() => {});
    await done;
  }

  async #publishNow(snapshotId: number, handled: Handled, hasLetters: boolean): Promise<void> {
    if (!hasLetters && handled.replayed.length + handled.discarded.length === 0) return;
    await this.#store.publish(snapshotId, handled);
    for (const { number } of handled.replayed) this.#handled.delete(number);
    for (const number of handled.discarded) this.#handled.delete(number);
  }

  #add(): void {
    if (this.#isAdding || this.#letters.length === 0) return;
    this.#isAdding = true;
    this.#run(async () => {
      const letters = this.#letters;
      this.#letters = [];
      try {
        await this.#store.add(letters);
        this.#isUnsealed = true;
      } finally {
        this.#isAdding = false;
      }
      this.#add();
    });
  }

  #poll(): void {
    this.#stopPolling = this.#context.clock.timer(POLL_MS, () => {
      if (this.#context.guarantee === 'none') this.show();
      this.#look();
      this.#poll();
    });
  }

  #look(): void {
    if (this.#isLooking || this.#requests.length > 0) return;
    this.#isLooking = true;
    this.#run(async () => {
      try {
        const { requests, hasMore } = await this.#store.requests([...this.#handled.keys()]);
        this.#requests.push(...requests);
        this.#hasMore = hasMore;
      } catch (error) {
        // Nothing is lost while the database is away: the next look finds them.
        if (!(error instanceof MillraceError) || error.code.retry !== 'later') throw error;
      } finally {
        this.#isLooking = false;
      }
    });
  }

  #run(work: () => Promise<void>): void {
    const done = this.#tail.then(work).then(
      () => {
        if (!this.#isClosed) this.#context.wake();
      },
      (error: unknown) => {
        if (!this.#isClosed) this.#context.fail(error);
      },
    );
    this.#tail = done;
  }
}
