import type { MessageReader, MessagesRead, Refusals, Resolved } from '@millrace/connector-contract';
import {
  BATCH_ROWS_MAX,
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { isChangeBatch } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import type { Connection, SourceStage } from '../config.ts';
import { Broker } from '../server/broker.ts';
import type { Received, ReceivingLink } from '../server/receiving-link.ts';
import { accepted } from '../server/transactional-session.ts';
import type { Transactions } from '../server/transactions.ts';
import { idOf, type MessageParts, messageRows, partsOf } from './message-rows.ts';
import { type Held, Unacknowledged } from './unacknowledged.ts';

/** Messages of a transaction. */
const ACKNOWLEDGED_MAX = 10_000;
/** Ids of a piece of saved state. */
const SAVED_IDS_MAX = 2_000;
const MS_PER_HOUR = 3_600_000;

interface Piece extends MessagesRead<MessageParts> {
  readonly held: readonly Held[];
}

type AmqpSourceOptions = Resolved<Connection, SourceStage> & { readonly refusals?: Refusals | undefined };

/**
 * One of the consumers of a queue. What is handed on is acknowledged when the snapshot that covers it is committed, in a transaction: only when that is
 * confirmed are the ids of these messages forgotten. So whatever the broker sends again is known by an id of the snapshot, to every instance.
 */
export class AmqpSourceProcessor implements Processor {
  readonly #options: AmqpSourceOptions;
  readonly #rows: MessageReader<MessageParts>;
  readonly #unacknowledged = new Unacknowledged();
  readonly #ahead: Received[] = [];
  /** Messages handed on at the time of a snapshot. */
  readonly #covered = new Map<number, number>();
  #context!: ProcessorContext;
  #broker: Broker | undefined;
  #link: ReceivingLink | undefined;
  #transactions: Transactions | undefined;
  #credit = 0;
  #piece: Piece | undefined;
  #saving: { readonly snapshotId: number; readonly entries: SnapshotEntry[] } | undefined;
  #rememberUntilMs = 0;
  #isClosed = false;

  constructor(options: AmqpSourceOptions) {
    this.#options = options;
    this.#rows = messageRows(options.stage, options.job.stage, options.refusals);
  }

  async init(context: ProcessorContext): Promise<void> {
    this.#context = context;
    const { config, stage, job } = this.#options;
    const { clock, generation, globalIndex, ids } = context;
    const name = `millrace-${job.jobId}-${job.stage}-${generation}-${globalIndex}-${ids.next()}`;
    const unsettledMax = stage.unacknowledgedMax + stage.credit;
    this.#broker = await Broker.open(config, { name, clock, unsettledMax, ended: (error) => this.#fail(error) });
    if (stage.duplicates === 'detect') this.#transactions = await this.#broker.transactions();
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#unacknowledged.remember(JSON.parse(new TextDecoder().decode(entry.value)) as string[]);
  }

  async restoreFinished(): Promise<void> {
    const { address, rememberHours } = this.#options.stage;
    this.#rememberUntilMs = this.#context.clock.monotonicMs() + rememberHours * MS_PER_HOUR;
    this.#link = await this.#broker!.receiver(address);
    this.#link.listen((received) => {
      this.#credit -= 1;
      this.#ahead.push(received);
      // What came with it is read before: a batch of many rows costs little more than one of a single row.
      if (this.#ahead.length === 1) setImmediate(() => this.#context.wake());
    });
  }

  complete(): boolean {
    while (this.#ahead.length > 0) {
      this.#piece ??= this.#pieceOf(this.#ahead.slice(0, BATCH_ROWS_MAX));
      const { batch, held, unread } = this.#piece;
      if (batch !== undefined && !this.#context.outbox.offer(batch)) return false;
      this.#ahead.splice(0, held.length);
      this.#piece = undefined;
      this.#unacknowledged.add(held);
      for (const [message, error] of unread) this.#rows.setAside(message, error, this.#context.clock.nowMs());
      this.#context.metrics.add('rowsRead', batch?.length ?? 0);
      // Nothing will ever cover them.
      if (this.#context.guarantee === 'none') {
        this.#accept(held);
        this.#unacknowledged.forget(held);
      }
    }
    this.#giveCredit();
    return false;
  }

  /** Messages that were set aside come back, perhaps edited. */
  process(_ordinal: number, batch: Batch): boolean {
    const { outbox, clock } = this.#context;
    assert(isChangeBatch(batch), 'a source is given nothing but what it has set aside');
    return this.#rows.handOn(batch, outbox, clock.nowMs());
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    if (this.#saving?.snapshotId !== snapshotId) this.#saving = { snapshotId, entries: this.#entries() };
    const { entries } = this.#saving;
    for (let entry = entries[0]; entry !== undefined; entry = entries[0]) {
      if (!writer.offer(entry)) return false;
      entries.shift();
    }
    this.#covered.set(snapshotId, this.#unacknowledged.count);
    return true;
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    const count = this.#covered.get(snapshotId);
    for (const saved of this.#covered.keys()) if (saved <= snapshotId) this.#covered.delete(saved);
    if (count === undefined) return;
    for (;;) {
      const due = this.#unacknowledged.upTo(count, ACKNOWLEDGED_MAX);
      if (due.length === 0) break;
      const received = due.map((held) => held.received);
      if (this.#transactions === undefined) this.#accept(due);
      else await this.#transactions.run((transaction) => transaction.acceptAll(this.#link!, received));
      this.#unacknowledged.forget(due);
    }
    this.#giveCredit();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#broker?.close();
  }

  #pieceOf(messages: readonly Received[]): Piece {
    const { address, duplicates } = this.#options.stage;
    const held: Held[] = [];
    const fresh: Received[] = [];
    const seen = new Set<string>();
    for (const received of messages) {
      const id = duplicates === 'detect' ? idOf(received.message, address) : undefined;
      held.push({ received, id });
      if (id === undefined || !(seen.has(id) || this.#unacknowledged.knows(id))) fresh.push(received);
      if (id !== undefined) seen.add(id);
    }
    if (fresh.length < held.length) this.#context.metrics.add('duplicatesDropped', held.length - fresh.length);
    const parts = fresh.map(({ message }) => partsOf(message));
    return { held, ...this.#rows.read(parts, this.#context.clock.nowMs()) };
  }

  #entries(): SnapshotEntry[] {
    const { globalIndex, clock } = this.#context;
    if (clock.monotonicMs() > this.#rememberUntilMs) this.#unacknowledged.forgetRemembered();
    const { ids, remembered } = this.#unacknowledged;
    // All instances remember the same, so one saves it.
    const all = globalIndex === 0 ? [...ids, ...remembered] : ids;
    return Array.from({ length: Math.max(1, Math.ceil(all.length / SAVED_IDS_MAX)) }, (_, index) => {
      const piece = all.slice(index * SAVED_IDS_MAX, (index + 1) * SAVED_IDS_MAX);
      const value = new TextEncoder().encode(JSON.stringify(piece));
      return { partition: EVERY_INSTANCE, key: `ids-${globalIndex}-${index}`, value };
    });
  }

  /** Without a confirmation. */
  #accept(held: readonly Held[]): void {
    for (const { received } of held) this.#link!.settle(received, accepted());
  }

  /** In large steps: each is a frame. */
  #giveCredit(): void {
    const { credit, unacknowledgedMax } = this.#options.stage;
    const here = this.#credit + this.#ahead.length;
    const room = Math.min(credit, unacknowledgedMax - this.#unacknowledged.size) - here;
    if (room <= 0 || (here > 0 && room < credit / 2)) return;
    this.#credit += room;
    this.#link!.addCredit(room);
  }

  #fail(error: unknown): void {
    if (!this.#isClosed) this.#context.fail(error);
  }
}
