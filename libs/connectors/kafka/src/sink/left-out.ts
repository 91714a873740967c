import { type ChangeBatch, FLAG_LOADING, formatLsn, NO_TRANSACTION } from '@millrace/formats';
import { fromErrorRecord, type MillraceError } from '@millrace/kernel';

/** Characters of a message that are kept. */
const MESSAGE_MAX = 300;

/** An event that was set aside; without a reason: because an earlier one of its key was. */
interface LeftOutEvent {
  /** LSN of the commit record, index in the transaction. */
  readonly at: string;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly mend?: string | undefined;
}

/** Why an event was set aside before a crash; `parked`: behind an earlier one of its key. */
export type Reason = MillraceError | 'parked';

/**
 * Which events the written position covers though they were set aside. They are stored beside the position, in the same transaction: after a crash
 * they come again, and have to be set aside again instead of being taken for written.
 *
 * A snapshot holds what was set aside before its barrier. Once it is committed, the slots are free for others, so the topic keeps as many as there were between two
 * snapshots, however long the job runs.
 */
export class LeftOut {
  /** Those that are still to come again, by place. */
  readonly #expected = new Map<string, string>();
  #unwritten: string[] = [];
  readonly #free: number[] = [];
  #slots = 0;
  /** In use since the last barrier. */
  #recent: number[] = [];
  readonly #before = new Map<number, readonly number[]>();

  /** @param inTopic by slot, since the snapshot; `saved`: what the snapshot itself still expected */
  constructor(inTopic: ReadonlyMap<number, string>, saved: readonly string[]) {
    for (const text of [...saved, ...inTopic.values()]) this.#expected.set(eventOf(text).at, text);
    for (const slot of inTopic.keys()) this.#slots = Math.max(this.#slots, slot + 1);
    for (let slot = 0; slot < this.#slots; slot++) (inTopic.has(slot) ? this.#recent : this.#free).push(slot);
  }

  /** Why the event was set aside when it came before; asked once. */
  takeReason(batch: ChangeBatch, index: number): Reason | undefined {
    if (this.#expected.size === 0) return undefined;
    const at = placeOf(batch, index);
    const text = at === undefined ? undefined : this.#expected.get(at);
    if (text === undefined) return undefined;
    this.#expected.delete(at!);
    const { code, message = '', mend } = eventOf(text);
    return code === undefined ? 'parked' : reasonOf(code, message, mend);
  }

  /** An event is set aside now. One of a loading table comes again anyway, and is decided anew. */
  add(batch: ChangeBatch, index: number, reason: Reason): void {
    const at = placeOf(batch, index);
    if (at === undefined) return;
    this.#unwritten.push(
      JSON.stringify({ at, ...(reason === 'parked' ? {} : wordsOf(reason)) } satisfies LeftOutEvent),
    );
  }

  /** What is new, for the next transaction. */
  takeUnwritten(): readonly (readonly [slot: number, text: string])[] {
    const texts = this.#unwritten;
    this.#unwritten = [];
    return texts.map((text) => {
      const slot = this.#free.pop() ?? this.#slots++;
      this.#recent.push(slot);
      return [slot, text] as const;
    });
  }

  /** Everything so far is part of this snapshot, which has to keep what is still expected. */
  barrier(snapshotId: number): void {
    this.#before.set(snapshotId, this.#recent);
    this.#recent = [];
  }

  get expected(): readonly string[] {
    return [...this.#expected.values()];
  }

  /** The snapshot is committed. */
  committed(snapshotId: number): void {
    for (const [id, slots] of this.#before) {
      if (id > snapshotId) continue;
      this.#free.push(...slots);
      this.#before.delete(id);
    }
  }
}

const eventOf = (text: string): LeftOutEvent => JSON.parse(text) as LeftOutEvent;

function placeOf(batch: ChangeBatch, index: number): string | undefined {
  const transaction = batch.transactionOf[index]!;
  if (transaction === NO_TRANSACTION || (batch.flags[index]! & FLAG_LOADING) !== 0) return undefined;
  return `${formatLsn(batch.transactions[transaction]!.commitLsn)} ${batch.indexInTransaction[index]!}`;
}

const wordsOf = ({ code, message, mend }: MillraceError) => ({
  code: code.code,
  message: message.slice(0, MESSAGE_MAX),
  mend: mend?.slice(0, MESSAGE_MAX),
});

const reasonOf = (code: string, message: string, mend: string | undefined): MillraceError =>
  fromErrorRecord({ code, domain: 'user', retry: 'after-repair', title: code, message, mend });
