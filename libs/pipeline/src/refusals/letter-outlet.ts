import type { Processor, ProcessorContext, SnapshotEntry, SnapshotWriter } from '@millrace/engine';
import type { ChangeBatch } from '@millrace/formats';
import { letterRows, lettersOf } from './letter-rows.ts';
import type { Letter } from './letter-store.ts';

/** Nothing new is taken while so many letters wait for the sink. */
const LETTERS_MAX = 1_000;

const NO_OUTBOX = { edgeCount: 0, offer: () => true, offerTo: () => true };

/**
 * Copies the letters of one stage to a sink, which is part of the same snapshots: a copy is seen where the letter is, once it is committed, and comes
 * again with it after a crash.
 */
export class LetterOutlet {
  readonly #stage: string;
  readonly #sink: Processor;
  #context!: ProcessorContext;
  #letters: Letter[] = [];
  /** Offered to the sink, which has not taken it yet. */
  #batch: ChangeBatch | undefined;
  #isPrepared = false;

  constructor(stage: string, sink: Processor) {
    this.#stage = stage;
    this.#sink = sink;
  }

  async init(context: ProcessorContext): Promise<void> {
    this.#context = context;
    // The stage's own figures stay what they are.
    const metrics = { add: () => {}, set: () => {}, observe: () => {} };
    await this.#sink.init?.({ ...context, vertex: lettersOf(this.#stage), outbox: NO_OUTBOX, metrics });
  }

  get isFull(): boolean {
    return this.#letters.length >= LETTERS_MAX;
  }

  put(letter: Letter): void {
    this.#letters.push(letter);
  }

  /** Gives the sink what waits. @returns whether it has taken all */
  drain(): boolean {
    while (this.#batch !== undefined || this.#letters.length > 0) {
      this.#batch ??= letterRows(this.#stage, this.#letters.splice(0), this.#context.clock.nowMs());
      if (!this.#sink.process!(0, this.#batch)) return false;
      this.#context.metrics.add('lettersCopied', this.#batch.length);
      this.#batch = undefined;
    }
    return true;
  }

  complete(): boolean {
    return this.drain() && (this.#sink.complete?.() ?? true);
  }

  prepare(snapshotId: number): boolean {
    if (!this.drain()) return false;
    this.#isPrepared ||= this.#sink.snapshotPrepare?.(snapshotId) ?? true;
    return this.#isPrepared;
  }

  save(snapshotId: number, writer: SnapshotWriter): boolean {
    if (!(this.#sink.saveSnapshot?.(snapshotId, writer) ?? true)) return false;
    this.#isPrepared = false;
    return true;
  }

  restore(entry: SnapshotEntry): void {
    this.#sink.restoreSnapshot?.(entry);
  }

  async restoreFinished(): Promise<void> {
    await this.#sink.restoreFinished?.();
  }

  async commit(snapshotId: number): Promise<void> {
    await this.#sink.snapshotCommit?.(snapshotId);
  }

  async close(): Promise<void> {
    await this.#sink.close?.();
  }
}
