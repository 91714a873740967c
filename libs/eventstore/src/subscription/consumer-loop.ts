import { PgSnapshot } from '@millrace/connector-postgres/log';
import type { Lsn } from '@millrace/formats';
import type { Clock } from '@millrace/kernel';
import { categoryOf } from '../events/event.ts';
import { type EventRow, storedEvent } from '../events/event-row.ts';
import type { EventTypes } from '../events/event-types.ts';
import type { LogChunk } from '../log/log-reader.ts';
import type { LoggedEvent } from '../log/logged-event.ts';
import type { Progress } from '../log/progress.ts';
import type { Executor } from '../store/executor.ts';
import { readHistory } from '../store/read.ts';
import type { Consumer, Item } from './consumer.ts';

/** Events waiting for one consumer; beyond that the log is read no further. */
const QUEUE_EVENTS_MAX = 10_000;
/** A consumer for which nothing comes writes its progress so often, to let the server remove its log. */
const IDLE_PROGRESS_MS = 10_000;

export interface LoopOptions {
  readonly consumer: Consumer;
  readonly executor: Executor;
  readonly schema: string;
  readonly types: EventTypes | undefined;
  readonly clock: Clock;
  /** Its history is done: it wants the log from its progress on. */
  readonly onLive: (loop: ConsumerLoop) => void;
  /** Its progress has become durable. */
  readonly onProgress: () => Promise<void> | void;
}

/** Drives one consumer: through its history, then through what the log brings. */
export class ConsumerLoop {
  readonly consumer: Consumer;
  readonly #options: LoopOptions;
  readonly #snapshot: PgSnapshot | undefined;
  readonly #queue: LoggedEvent[] = [];
  /** Up to where the log has been offered; what comes again below is passed over. */
  #offered: { lsn: Lsn; index: number };
  #passed: Lsn;
  #isLive = false;
  #flushWanted = false;
  #writtenMs = 0;
  #wake: () => void = () => {};
  #room: () => void = () => {};

  constructor(options: LoopOptions) {
    const { consumer } = options;
    this.#options = options;
    this.consumer = consumer;
    this.#snapshot = consumer.row.snapshot === undefined ? undefined : PgSnapshot.parse(consumer.row.snapshot);
    this.#offered = consumer.progress;
    this.#passed = consumer.progress.lsn;
  }

  /** It takes what the log brings. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Runs until the signal is aborted, or until the consumer stops at an event. */
  async run(signal: AbortSignal): Promise<void> {
    const abort = (): void => this.#wake();
    signal.addEventListener('abort', abort);
    try {
      if (this.consumer.isStopped) return;
      if (!this.consumer.progress.historyDone) await this.#history(signal);
      if (signal.aborted || this.consumer.isStopped) return;
      this.#isLive = true;
      this.#options.onLive(this);
      await this.#live(signal);
    } finally {
      signal.removeEventListener('abort', abort);
      this.#isLive = false;
      this.#room();
    }
  }

  /** Takes a chunk of the log; resolves when there is room for the next. */
  async offer({ events, passed }: LogChunk): Promise<void> {
    if (!this.#isLive) return;
    for (const event of events) if (this.#isNew(event)) this.#queue.push(event);
    const last = events.at(-1);
    if (last !== undefined && this.#isNew(last)) this.#offered = { lsn: last.lsn, index: last.index + 1 };
    if (passed > this.#offered.lsn) this.#offered = { lsn: passed, index: 0 };
    if (passed > this.#passed) this.#passed = passed;
    this.#wake();
    while (this.#isLive && this.#queue.length > QUEUE_EVENTS_MAX) {
      await new Promise<void>((resolve) => {
        this.#room = resolve;
      });
    }
  }

  /** Somebody waits to read how far it has come. */
  flush(): void {
    this.#flushWanted = true;
    this.#wake();
  }

  #isNew({ lsn, index }: LoggedEvent): boolean {
    const { lsn: seen, index: seenIndex } = this.#offered;
    return lsn > seen || (lsn === seen && index >= seenIndex);
  }

  async #history(signal: AbortSignal): Promise<void> {
    const { consumer } = this;
    let page = this.#page(consumer.progress.historyPosition);
    for (;;) {
      const rows = await page;
      const historyDone = rows.length < consumer.batchEvents;
      if (signal.aborted) return;
      const before = consumer.progress;
      const lastPosition = rows.length === 0 ? before.historyPosition : Number(rows.at(-1)!.position);
      // The next page is fetched while this one is worked on.
      if (!historyDone) page = this.#page(lastPosition);
      const items = rows.map((row) => this.#historyItem(row, before));
      await consumer.process(items, { ...before, historyPosition: lastPosition, historyDone }, signal);
      await this.#options.onProgress();
      if (historyDone || signal.aborted || consumer.isStopped) return;
    }
  }

  #page(afterPosition: number): Promise<readonly EventRow[]> {
    const { consumer } = this;
    const page = readHistory(this.#options.executor, this.#options.schema, {
      snapshot: consumer.row.snapshot!,
      afterPosition,
      categories: consumer.categories,
      types: consumer.eventTypes,
      limit: consumer.batchEvents,
    });
    // It may fail while the page before is still being worked on.
    page.catch(() => {});
    return page;
  }

  #historyItem(row: EventRow, before: Progress): Item {
    const position = Number(row.position);
    return {
      streamId: row.stream_id,
      type: row.type,
      position,
      after: { ...before, historyPosition: position },
      event: () => storedEvent(row, this.#options.types),
    };
  }

  async #live(signal: AbortSignal): Promise<void> {
    const { consumer } = this;
    const { clock } = this.#options;
    this.#writtenMs = clock.monotonicMs();
    while (!signal.aborted && !consumer.isStopped) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const { items, after } = this.#take();
      const isDue = this.#flushWanted || clock.monotonicMs() - this.#writtenMs > IDLE_PROGRESS_MS;
      if (items.length === 0 && !(isDue && isBefore(consumer.progress, after))) {
        this.#flushWanted = false;
        if (this.#queue.length === 0) await woken;
        continue;
      }
      this.#flushWanted = false;
      await consumer.process(items, after, signal);
      this.#writtenMs = clock.monotonicMs();
      await this.#options.onProgress();
    }
  }

  /** Events for the consumer out of the queue, and its progress behind them. */
  #take(): { readonly items: readonly Item[]; readonly after: Progress } {
    const { consumer } = this;
    const { categories, eventTypes } = consumer;
    const items: Item[] = [];
    const base = { historyDone: true, historyPosition: consumer.progress.historyPosition };
    let taken = 0;
    let last: LoggedEvent | undefined;
    for (const event of this.#queue) {
      if (items.length === consumer.batchEvents) break;
      taken += 1;
      last = event;
      if (eventTypes?.includes(event.type) === false) continue;
      if (categories?.includes(categoryOf(event.streamId)) === false) continue;
      if (event.isHistoryOf(this.#snapshot)) continue;
      items.push({
        streamId: event.streamId,
        type: event.type,
        position: event.position,
        after: { ...base, lsn: event.lsn, index: event.index + 1 },
        event: () => event.event,
      });
    }
    this.#queue.splice(0, taken);
    this.#room();
    const isAll = this.#queue.length === 0 && (last === undefined || this.#passed > last.lsn);
    if (isAll && this.#passed > consumer.progress.lsn)
      return { items, after: { ...base, lsn: this.#passed, index: 0 } };
    if (last === undefined) return { items, after: consumer.progress };
    return { items, after: { ...base, lsn: last.lsn, index: last.index + 1 } };
  }
}

const isBefore = (a: Progress, b: Progress): boolean => a.lsn < b.lsn || (a.lsn === b.lsn && a.index < b.index);
