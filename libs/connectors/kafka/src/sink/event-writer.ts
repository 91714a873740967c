import type { Refusals } from '@millrace/connector-contract';
import { type ChangeBatch, FLAG_KEY_CHANGE, Op } from '@millrace/formats';
import { isRecordError, type MillraceError } from '@millrace/kernel';
import type { ContinuousCommits } from './continuous-commits.ts';
import type { Reason } from './left-out.ts';
import type { Message, MessageWriter } from './message-writer.ts';
import type { OpenBatches } from './open-batches.ts';
import type { SizeLimits } from './size-limits.ts';

export interface EventWriterOptions {
  readonly messages: MessageWriter;
  readonly open: OpenBatches;
  /** Absent: the first event that can't be written fails the job. */
  readonly refusals: Refusals | undefined;
  readonly limits: SizeLimits;
}

/** Puts messages of events into open batches, or sets the events aside: one that was put there can't be taken back. */
export class EventWriter {
  /** Remembers what is set aside, where commits do not wait for snapshots. */
  continuous: ContinuousCommits | undefined;
  readonly #options: EventWriterOptions;
  /** Events of the current batch that were set aside. */
  readonly #aside = new Set<number>();

  constructor(options: EventWriterOptions) {
    this.#options = options;
  }

  /** Nothing is left to do for this event: it is set aside, perhaps again, after a crash. */
  isAside(batch: ChangeBatch, index: number): boolean {
    if (this.#aside.has(index)) return true;
    const reason = this.continuous?.setAsideBefore(batch, index);
    if (reason === undefined) return false;
    if (this.#options.refusals === undefined && reason !== 'parked') throw reason;
    return this.#setAside(batch, index, reason);
  }

  write(batch: ChangeBatch, index: number, topic: string): void {
    const { messages, open, refusals } = this.#options;
    if (refusals === undefined) {
      messages.write(batch, index, (message) => open.add(topic, message));
      return;
    }
    if (this.#isParked(batch, index)) return;
    // The halves of a key change go together, so the second is looked at before the first is written.
    if (isFirstHalf(batch, index) && !this.#isTaken(batch, index + 1, (message) => this.#check(topic, message))) return;
    this.#isTaken(batch, index, (message) => {
      this.#check(topic, message);
      open.add(topic, message);
    });
  }

  /** Sets an event aside. */
  refuse(batch: ChangeBatch, index: number, error: MillraceError): void {
    if (this.#isParked(batch, index)) return;
    this.continuous?.setAside(batch, index, error);
    this.#setAside(batch, index, error);
  }

  /** The batch is written: indexes are those of another from now on. */
  finished(): void {
    this.#aside.clear();
  }

  #check(topic: string, message: Message): void {
    this.#options.limits.check(topic, message);
  }

  #isTaken(batch: ChangeBatch, index: number, take: (message: Message) => void): boolean {
    try {
      this.#options.messages.write(batch, index, take);
      return true;
    } catch (error) {
      if (!isRecordError(error)) throw error;
      this.refuse(batch, index, error);
      return false;
    }
  }

  #isParked(batch: ChangeBatch, index: number): boolean {
    const { refusals } = this.#options;
    if (refusals?.holdsAny !== true || !refusals.holds(batch, index)) return false;
    this.continuous?.setAside(batch, index, 'parked');
    return this.#setAside(batch, index, 'parked');
  }

  #setAside(batch: ChangeBatch, index: number, reason: Reason): boolean {
    const { refusals } = this.#options;
    if (refusals === undefined) return false;
    const indexes = reason === 'parked' ? refusals.park(batch, index) : refusals.refuse(batch, index, reason);
    for (const each of indexes) this.#aside.add(each);
    return true;
  }
}

function isFirstHalf({ flags, op, length }: ChangeBatch, index: number): boolean {
  const isHalf = (at: number): boolean => at < length && (flags[at]! & FLAG_KEY_CHANGE) !== 0;
  return op[index] === Op.Delete && isHalf(index) && isHalf(index + 1);
}
