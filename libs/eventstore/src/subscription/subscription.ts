import { formatLsn } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { Fenced } from '../errors.ts';
import type { DomainEvent, StoredEvent } from '../events/event.ts';
import { type ConsumerRow, isAtSql, NO_LSN, type Progress, progressSql, readConsumers } from '../log/progress.ts';
import { checkName, quoteName } from '../schema/names.ts';
import type { ExecutorPool } from '../store/executor.ts';
import type { Consumer, Item } from './consumer.ts';
import { type GroupOptions, type GroupPlan, GroupRunner, type Lead } from './group-runner.ts';

/** Events fetched ahead of who iterates. */
const BATCH_EVENTS = 500;

export interface SubscriptionOptions extends Omit<GroupOptions, 'group'> {
  readonly name: string;
  /** Where it begins the very first time: with all there is (`start`), or with what comes (`now`). Default `start`. */
  readonly from?: 'start' | 'now' | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
}

/** An event handed to a subscriber. */
export interface Delivery<Event extends DomainEvent = DomainEvent> {
  readonly event: StoredEvent<Event>;
  /**
   * This event and all before it are done: after a crash it goes on behind. What is not acknowledged comes again.
   * @throws MillraceError `eventstore.fenced`: another process has taken over
   */
  readonly ack: () => Promise<void>;
}

/** Events as they are committed, each at least once, in order; one process of a name gets them, the others stand by. */
export interface Subscription<Event extends DomainEvent = DomainEvent>
  extends AsyncIterable<Delivery<Event>>,
    AsyncDisposable {
  readonly isLeading: boolean;
  close(): Promise<void>;
}

const groupOf = (name: string): string => `sub-${name}`;

/**
 * Subscribes to events: those that are there, then those that come.
 * @throws MillraceError `eventstore.definition_invalid`
 */
export function subscribe<Event extends DomainEvent = DomainEvent>(options: SubscriptionOptions): Subscription<Event> {
  checkName('subscription', options.name);
  const feed = new Feed();
  const runner = new GroupRunner({ ...options, group: groupOf(options.name) }, new SubscriptionGroup(options, feed));
  return {
    get isLeading() {
      return runner.isLeading;
    },
    [Symbol.asyncIterator]: () => feed.deliveries() as AsyncIterator<Delivery<Event>>,
    async close() {
      feed.close();
      await runner.close();
    },
    [Symbol.asyncDispose]() {
      return this.close();
    },
  };
}

/** Hands events from the consumer to whoever iterates, one at a time. */
class Feed {
  #waiting: ((delivery: Delivery | undefined) => void) | undefined;
  #taken: () => void = () => {};
  #offered: Delivery | undefined;
  #isClosed = false;

  /** Resolves when it has been taken, or will not be. */
  async offer(delivery: Delivery, signal: AbortSignal): Promise<void> {
    if (this.#isClosed) return;
    if (this.#waiting !== undefined) {
      const resolve = this.#waiting;
      this.#waiting = undefined;
      resolve(delivery);
      return;
    }
    this.#offered = delivery;
    await new Promise<void>((resolve) => {
      this.#taken = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if (this.#offered === delivery) this.#offered = undefined;
  }

  async *deliveries(): AsyncGenerator<Delivery> {
    for (;;) {
      const next = this.#offered ?? (await this.#next());
      if (next === undefined) return;
      if (next === this.#offered) {
        this.#offered = undefined;
        this.#taken();
      }
      yield next;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting?.(undefined);
    this.#waiting = undefined;
    this.#offered = undefined;
    this.#taken();
  }

  async #next(): Promise<Delivery | undefined> {
    if (this.#isClosed) return undefined;
    return await new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}

class SubscriptionGroup implements GroupPlan {
  readonly #options: SubscriptionOptions;
  readonly #feed: Feed;
  readonly #consumers: string;
  #current: SubscriptionConsumer | undefined;

  constructor(options: SubscriptionOptions, feed: Feed) {
    this.#options = options;
    this.#feed = feed;
    this.#consumers = `${quoteName(options.store.schema)}.consumers`;
  }

  async rows(): Promise<readonly ConsumerRow[]> {
    const { pool, store, name } = this.#options;
    return await readConsumers(pool, store.schema, "group_name = $1 AND role = 'live'", [groupOf(name)]);
  }

  async open({ handover }: Lead): Promise<readonly Consumer[]> {
    const { pool, name, from = 'start' } = this.#options;
    await this.#current?.end();
    let [row] = await this.rows();
    if (row === undefined || row.progress.lsn === NO_LSN) {
      const { snapshot, lsn } = await handover();
      const values = [groupOf(name), name, snapshot, formatLsn(lsn)];
      if (row === undefined) {
        await pool.query(
          `INSERT INTO ${this.#consumers} (group_name, name, kind, version, role, snapshot, lsn, history_done)
           VALUES ($1, $2, 'subscription', 1, 'live', $3, $4, $5)`,
          [...values, from === 'now'],
        );
      } else {
        await pool.query(
          `UPDATE ${this.#consumers} SET snapshot = $3, lsn = $4, lsn_index = 0, history_done = false, history_position = 0
           WHERE group_name = $1 AND name = $2`,
          values,
        );
      }
      [row] = await this.rows();
    }
    this.#current = new SubscriptionConsumer(this.#options, row!, this.#feed, { pool, consumers: this.#consumers });
    return [this.#current];
  }
}

class SubscriptionConsumer implements Consumer {
  readonly row: ConsumerRow;
  readonly batchEvents = BATCH_EVENTS;
  readonly isStopped = false;
  readonly #options: SubscriptionOptions;
  readonly #feed: Feed;
  readonly #table: { readonly pool: ExecutorPool; readonly consumers: string };
  #progress: Progress;
  /** Progress behind the newest event that was handed on, and whether it is acknowledged. */
  #handed: Progress;
  #writing: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(
    options: SubscriptionOptions,
    row: ConsumerRow,
    feed: Feed,
    table: { readonly pool: ExecutorPool; readonly consumers: string },
  ) {
    this.#options = options;
    this.row = row;
    this.#feed = feed;
    this.#table = table;
    this.#progress = row.progress;
    this.#handed = row.progress;
  }

  get categories(): readonly string[] | undefined {
    return this.#options.categories;
  }

  get eventTypes(): readonly string[] | undefined {
    return this.#options.types;
  }

  /** Where its next page of history begins, too, so it is what was handed on; what is durable may lie behind. */
  get progress(): Progress {
    return this.#progress;
  }

  async process(items: readonly Item[], after: Progress, signal: AbortSignal): Promise<void> {
    for (const item of items) {
      if (signal.aborted) return;
      this.#handed = item.after;
      await this.#feed.offer({ event: item.event(), ack: () => this.#ack(item.after) }, signal);
    }
    if (signal.aborted) return;
    // Behind the last event there is nothing to acknowledge: once it is, so is what follows.
    if (this.#progress === this.#handed) await this.#write(after);
  }

  /** Another one goes on from what is durable: acknowledging what this one handed out would come too late. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#writing.catch(() => {});
  }

  async #ack(done: Progress): Promise<void> {
    if (this.#isOver) throw this.#fenced();
    if (isBehind(this.#progress, done)) await this.#write(done);
  }

  /** One after the other: each starts from what the one before has written. */
  #write(progress: Progress): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#update(progress));
    return this.#writing;
  }

  async #update(progress: Progress): Promise<void> {
    const { pool, consumers } = this.#table;
    const { rows } = await pool.query(
      `UPDATE ${consumers} SET ${progressSql(progress)}, updated_at = clock_timestamp()
       WHERE id = ${this.row.id} AND ${isAtSql(this.#progress)} RETURNING id`,
    );
    if (rows.length === 0) throw this.#fenced();
    this.#progress = progress;
    if (!isBehind(progress, this.#handed)) this.#handed = progress;
  }

  #fenced(): MillraceError {
    return new MillraceError(Fenced, {
      message: `subscription "${this.row.name}" was begun anew, here or in another process`,
      mend: 'Go on iterating: what was not acknowledged is delivered again.',
    });
  }
}

function isBehind(a: Progress, b: Progress): boolean {
  if (a.historyDone !== b.historyDone) return b.historyDone;
  if (a.lsn !== b.lsn) return a.lsn < b.lsn;
  return a.index < b.index || a.historyPosition < b.historyPosition;
}
