import {
  type ChangeBatch,
  CommitTimes,
  comparePositions,
  FLAG_LOADING,
  NO_TRANSACTION,
  type Position,
} from '@millrace/formats';
import { BatchSize } from './batch-size.ts';
import { EventList, type Span } from './event-list.ts';

/** What one flush writes. */
export interface Work {
  readonly events: EventList;
  /** `false`: the source transaction at the end goes on, so the target transaction must stay open. */
  readonly complete: boolean;
  /** Commit time at the source of the newest complete transaction, microseconds since 1970. */
  readonly commitTimeUs: bigint | undefined;
  /** Commit times of the transactions that end in it, milliseconds since 1970. */
  readonly commitTimes: readonly number[];
}

/** A batch pins all its arrays, however few of its events wait. */
const heldBytes = (batch: ChangeBatch): number => batch.bytes.byteLength + batch.op.length * 22;

/**
 * Events that wait to be written, and up to where source transactions are complete. Drops replayed events at or below the
 * position the target already holds (those that are not of a loading table).
 */
export class PendingEvents {
  /** Events dropped as replayed. */
  skipped = 0;
  readonly #written: Position | undefined;
  readonly #isRefused: (position: Position) => boolean;
  readonly #size = new BatchSize();
  #spans: Span[] = [];
  /** This many spans end where no source transaction is open. */
  #completeSpans = 0;
  #rows = 0;
  #bytes = 0;
  #openLsn: bigint | undefined;
  /** A part of a source transaction was taken whose rest still waits or is to come. */
  #partTaken = false;
  /** The end of that transaction has come, perhaps with no further event. */
  #partEnded = false;
  #commitTimeUs: bigint | undefined;
  readonly #commitTimes = new CommitTimes();

  /** `isRefused`: at or below `written`, but not written. */
  constructor(written: Position | undefined, isRefused: (position: Position) => boolean = () => false) {
    this.#written = written;
    this.#isRefused = isRefused;
  }

  get isFull(): boolean {
    return this.#rows >= this.#size.rowsMax || this.#bytes >= this.#size.bytesMax;
  }

  /** So many events have been written, in so long: decides how many may wait from now on. */
  wrote(rows: number, durationMs: number): void {
    this.#size.wrote(rows, durationMs, this.isFull);
  }

  get isEmpty(): boolean {
    return this.#spans.length === 0 && !this.#partEnded;
  }

  /** A source transaction has begun whose end has not come. */
  get isTransactionOpen(): boolean {
    return this.#openLsn !== undefined;
  }

  add(batch: ChangeBatch): void {
    const open = batch.transactions.findIndex((transaction) => !transaction.complete);
    const openLsn = open < 0 ? undefined : batch.transactions[open]!.commitLsn;
    const goesOn = openLsn !== undefined && openLsn === this.#openLsn;
    const cut = open < 0 ? batch.length : goesOn ? 0 : firstOf(batch, open);
    this.#keep(batch, 0, cut);
    // Up to the cut everything is complete, unless the transaction that was open before this batch still is.
    if (!goesOn) {
      this.#completeSpans = this.#spans.length;
      this.#partEnded = this.#partTaken;
      this.#commitTimes.add(batch);
      for (const transaction of batch.transactions) {
        if (transaction.complete) this.#commitTimeUs = transaction.commitTimeUs;
      }
    }
    this.#keep(batch, cut, batch.length);
    this.#openLsn = openLsn;
  }

  /** The next piece of work, or `undefined` when nothing can be written yet. */
  take(): Work | undefined {
    const complete = this.#completeSpans > 0 || this.#partEnded;
    // A transaction larger than what may wait is written in parts; the target transaction stays open.
    if (!complete && !(this.isFull && this.#spans.length > 0)) return undefined;
    const count = complete ? this.#completeSpans : this.#spans.length;
    const events = new EventList(this.#spans.splice(0, count));
    this.#completeSpans = 0;
    this.#partTaken = !complete;
    this.#partEnded = false;
    this.#rows = this.#spans.reduce((sum, span) => sum + span.to - span.from, 0);
    this.#bytes = 0;
    for (const batch of new Set(this.#spans.map((span) => span.batch))) this.#bytes += heldBytes(batch);
    return {
      events,
      complete,
      commitTimeUs: complete ? this.#commitTimeUs : undefined,
      commitTimes: complete ? this.#commitTimes.take() : [],
    };
  }

  #keep(batch: ChangeBatch, from: number, to: number): void {
    let start = from;
    if (this.#hasWritten(batch)) {
      for (let row = from; row < to; row++) {
        if (!this.#isWritten(batch, row)) continue;
        this.#push(batch, start, row);
        start = row + 1;
        this.skipped += 1;
      }
    }
    this.#push(batch, start, to);
  }

  #push(batch: ChangeBatch, from: number, to: number): void {
    if (from >= to) return;
    if (this.#spans.at(-1)?.batch !== batch) this.#bytes += heldBytes(batch);
    this.#spans.push({ batch, from, to });
    this.#rows += to - from;
  }

  #hasWritten(batch: ChangeBatch): boolean {
    const written = this.#written;
    return written !== undefined && batch.transactions.some(({ commitLsn }) => commitLsn <= written.commitLsn);
  }

  #isWritten(batch: ChangeBatch, row: number): boolean {
    const transaction = batch.transactionOf[row]!;
    if (transaction === NO_TRANSACTION || (batch.flags[row]! & FLAG_LOADING) !== 0) return false;
    const written = this.#written!;
    const position = { commitLsn: batch.transactions[transaction]!.commitLsn, index: batch.indexInTransaction[row]! };
    return comparePositions(position, written) <= 0 && !this.#isRefused(position);
  }
}

function firstOf(batch: ChangeBatch, transaction: number): number {
  for (let row = 0; row < batch.length; row++) if (batch.transactionOf[row] === transaction) return row;
  return batch.length;
}
