import { FLAG_KEY_CHANGE, type Lsn, NO_TUPLE, Op, type SourceTransaction } from '@millrace/formats';
import type { HeldEvent, InitialLoad } from '../initial-load/contract.ts';
import type { EventWriter } from './event-writer.ts';
import { Message, type PgoutputDecoder } from './pgoutput-decoder.ts';
import type { Relation } from './relation-cache.ts';

/**
 * Makes events of decoded messages: gives them their position (LSN of the commit record, index in the transaction), drops what a
 * restart replays, and hands events of tables that are still being loaded to the initial load.
 */
export class TransactionAssembler {
  readonly #decoder: PgoutputDecoder;
  readonly #writer: EventWriter;
  readonly #load: InitialLoad | undefined;
  #resumeLsn: Lsn;
  #transaction: SourceTransaction | undefined;
  #replayed = false;
  #index = 0;
  /** Truncated tables of the current message whose events had no room yet. */
  #truncatesLeft: readonly Relation[] = [];

  /** @param resumeLsn where the state says the stream goes on. */
  constructor(decoder: PgoutputDecoder, writer: EventWriter, load: InitialLoad | undefined, resumeLsn: Lsn) {
    this.#decoder = decoder;
    this.#writer = writer;
    this.#load = load;
    this.#resumeLsn = resumeLsn;
  }

  /** End of the last whole transaction, or of what a keepalive says has no transaction of ours: a restart goes on here. */
  get resumeLsn(): Lsn {
    return this.#resumeLsn;
  }

  /** Between Begin and Commit. */
  get isOpen(): boolean {
    return this.#transaction !== undefined;
  }

  /** Commit time of the transaction that is open, or was last. */
  get commitTimeUs(): bigint {
    return this.#decoder.commitTimeUs;
  }

  /** The rest of the last message waits for room: call `finishMessage` before `accept`. */
  get hasLeftover(): boolean {
    return this.#truncatesLeft.length > 0;
  }

  /** Takes one pgoutput message. The writer needs room for one change. */
  accept(bytes: Buffer, start: number, end: number): void {
    const decoder = this.#decoder;
    switch (decoder.read(bytes, start, end)) {
      case Message.Insert:
        this.#row(Op.Create);
        break;
      case Message.Update:
        if (decoder.keyChanged) this.#keyChange();
        else this.#row(Op.Update);
        break;
      case Message.Delete:
        this.#row(Op.Delete);
        break;
      case Message.Begin:
        this.#begin();
        break;
      case Message.Commit:
        this.#commit();
        break;
      case Message.Truncate:
        this.#truncatesLeft = decoder.truncated;
        this.finishMessage();
        break;
      case Message.Relation:
        decoder.relation.loading = this.#load?.isLoading(decoder.relation.schema.id) ?? false;
        break;
    }
  }

  /** Emits what is left of the last message as far as there is room. */
  finishMessage(): void {
    while (this.#truncatesLeft.length > 0 && !this.#writer.isFull && this.#load?.mustPauseStream !== true) {
      const relation = this.#truncatesLeft[0]!;
      this.#truncatesLeft = this.#truncatesLeft.slice(1);
      const index = this.#index++;
      if (this.#replayed) continue;
      if (relation.loading) this.#load!.handle(this.#held(Op.Truncate, relation, index), undefined, this.#writer);
      else this.#writer.write(Op.Truncate, 0, relation.schema, NO_TUPLE, NO_TUPLE, index);
    }
  }

  /** A keepalive: every transaction that commits below `walEnd` has been sent. */
  keepalive(walEnd: Lsn): void {
    if (!this.isOpen && walEnd > this.#resumeLsn) this.#pass(walEnd);
  }

  #pass(position: Lsn): void {
    this.#resumeLsn = position;
    this.#load?.streamPassed(position);
  }

  #begin(): void {
    const { commitLsn, xid, commitTimeUs } = this.#decoder;
    // Never "<=": a transaction may commit in the record that starts exactly where the last one, or a keepalive's WAL, ended.
    this.#replayed = commitLsn < this.#resumeLsn;
    this.#transaction = { commitLsn, xid, commitTimeUs, complete: false };
    this.#index = 0;
    this.#writer.begin(this.#transaction);
  }

  #commit(): void {
    this.#writer.commit();
    this.#transaction = undefined;
    if (!this.#replayed) this.#pass(this.#decoder.endLsn);
  }

  #row(op: number): void {
    const index = this.#index++;
    if (this.#replayed) return;
    const decoder = this.#decoder;
    if (decoder.relation.loading) {
      this.#load!.handle(this.#held(op, decoder.relation, index), undefined, this.#writer);
      return;
    }
    const { oldStart, newStart } = decoder;
    const before = oldStart < 0 ? NO_TUPLE : this.#writer.tuple(decoder.bytes, oldStart, decoder.oldEnd);
    const after = newStart < 0 ? NO_TUPLE : this.#writer.tuple(decoder.newBytes, newStart, decoder.newEnd);
    this.#writer.write(op, 0, decoder.relation.schema, before, after, index);
  }

  #keyChange(): void {
    const index = this.#index;
    this.#index += 2;
    if (this.#replayed) return;
    const decoder = this.#decoder;
    const { relation } = decoder;
    if (relation.loading) {
      const created = this.#held(Op.Create, relation, index + 1);
      const deleted: HeldEvent = { ...created, op: Op.Delete, after: undefined, index };
      this.#load!.handle(deleted, created, this.#writer);
      return;
    }
    const before = this.#writer.tuple(decoder.bytes, decoder.oldStart, decoder.oldEnd);
    const after = this.#writer.tuple(decoder.newBytes, decoder.newStart, decoder.newEnd);
    this.#writer.write(Op.Delete, FLAG_KEY_CHANGE, relation.schema, before, NO_TUPLE, index);
    this.#writer.write(Op.Create, FLAG_KEY_CHANGE, relation.schema, before, after, index + 1);
  }

  #held(op: number, relation: Relation, index: number): HeldEvent {
    const decoder = this.#decoder;
    const isTruncate = op === Op.Truncate;
    return {
      op,
      schema: relation.schema,
      before: isTruncate || decoder.oldStart < 0 ? undefined : view(decoder.bytes, decoder.oldStart, decoder.oldEnd),
      after: isTruncate || decoder.newStart < 0 ? undefined : view(decoder.newBytes, decoder.newStart, decoder.newEnd),
      transaction: this.#transaction!,
      index,
    };
  }
}

/** Not a `Buffer`, whose `slice` does not copy. */
const view = (bytes: Buffer, start: number, end: number): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
