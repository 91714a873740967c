import { type ChangeBatch, FLAG_LOADING, formatLsn, type Lsn, NO_TRANSACTION } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { NotLinear } from '../errors.ts';

/**
 * Up to where the source's transactions are written, told by the LSN of their commit records. Events of tables that are being loaded have no place in
 * that order: they neither count nor are skipped.
 */
export class SourceProgress {
  /** Of the newest source transaction that is written as a whole. */
  position: Lsn | undefined;
  /** No source transaction is written in part. */
  isAtBoundary = true;
  /** Events of loading tables were written since `restart`. */
  hasLoading = false;
  readonly #known: Lsn | undefined;
  #newest: Lsn | undefined;

  /** @param known what the topics held already when this execution began */
  constructor(known: Lsn | undefined) {
    this.#known = known;
    this.position = known;
  }

  /** Whether the event is in the topics already: it came again after a restart. */
  isKnown(batch: ChangeBatch, index: number): boolean {
    if (this.#known === undefined || (batch.flags[index]! & FLAG_LOADING) !== 0) return false;
    const transaction = batch.transactionOf[index]!;
    return transaction !== NO_TRANSACTION && batch.transactions[transaction]!.commitLsn <= this.#known;
  }

  /** All events of the batch are written. @throws MillraceError `kafka.not_linear` when positions go back */
  wrote(batch: ChangeBatch): void {
    this.isAtBoundary = true;
    for (const [index, { commitLsn, complete }] of batch.transactions.entries()) {
      if (this.#newest !== undefined && commitLsn < this.#newest) {
        // A record that was set aside comes back: its place among the others is gone.
        if (isOnlyLoading(batch, index)) continue;
        throw notInOrder(this.#newest, commitLsn);
      }
      this.#newest = commitLsn;
      if (!complete) this.isAtBoundary = false;
      else if (this.position === undefined || commitLsn > this.position) this.position = commitLsn;
    }
    this.hasLoading ||= hasLoadingEvents(batch);
  }

  /** A snapshot covers what was written. */
  restart(): void {
    this.hasLoading = false;
  }
}

function hasLoadingEvents({ flags, length }: ChangeBatch): boolean {
  for (let index = 0; index < length; index++) if ((flags[index]! & FLAG_LOADING) !== 0) return true;
  return false;
}

function isOnlyLoading({ flags, transactionOf, length }: ChangeBatch, transaction: number): boolean {
  let count = 0;
  for (let index = 0; index < length; index++) {
    if (transactionOf[index] !== transaction) continue;
    if ((flags[index]! & FLAG_LOADING) === 0) return false;
    count += 1;
  }
  return count > 0;
}

const notInOrder = (before: Lsn, after: Lsn): MillraceError =>
  new MillraceError(NotLinear, {
    message: `a change committed at ${formatLsn(after)} came after one at ${formatLsn(before)}: the sink gets the changes of several sources`,
    mend: 'Give each source a sink stage of its own, or set "commit": "snapshot" on this one.',
    pointer: '/commit',
  });
