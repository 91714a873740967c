import {
  type Batch,
  type Outbox,
  PARTITION_COUNT,
  type Processor,
  type ProcessorContext,
  type ProcessorSupplier,
  type SnapshotEntry,
  type SnapshotWriter,
  type Watermark,
  watermark,
} from '@millrace/engine';
import { assert, isRecordError, type MillraceError } from '@millrace/kernel';
import type { LoopMode } from '../contract/row-stage.ts';
import { OutputRows } from '../keyed/output-rows.ts';
import { SavedRows } from '../keyed/saved-rows.ts';
import { CallTerminal } from '../loop/call-terminal.ts';
import { Loops } from '../loop/loops.ts';
import { type AsyncCallOptions, asyncDefaults, type ServiceDefinition } from './async-options.ts';
import { attempt } from './attempts.ts';
import { type Call, CallQueue } from './call-queue.ts';

export interface AsyncMapOptions extends AsyncCallOptions {
  // biome-ignore lint/suspicious/noExplicitAny: service and row are the stage's
  readonly service: ServiceDefinition<any>;
  /** The rows that the answer makes of a row. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly call: (service: any, row: any, signal: AbortSignal) => Promise<Iterable<unknown>>;
  readonly mode?: LoopMode | undefined;
  /**
   * Asked when the answer for a row is due, or every attempt has failed: `true` when the row is set aside, so that it gives nothing. Absent: the first
   * failure fails the execution.
   */
  readonly setsAside?: ((row: unknown, timeMs: number, failure: MillraceError | undefined) => boolean) | undefined;
}

/** A row with its event time, or a watermark that waits for the rows ahead of it, as they are saved. */
type Held = { readonly row: unknown; readonly timeMs: number } | { readonly watermarkMs: number };

const heldOf = (item: Call | Watermark): Held =>
  'kind' in item ? { watermarkMs: item.timeMs } : { row: item.row, timeMs: item.timeMs };

/**
 * Calls a service for each row, several at a time. A watermark waits for the rows ahead of it. A barrier waits for the calls under way when results are
 * to be in order; otherwise rows whose results have not been emitted are saved, and called for again after a restore. A service may see
 * a row twice; what goes on is exactly once.
 */
export function asyncMap(options: AsyncMapOptions): ProcessorSupplier {
  return () => new AsyncMap(options);
}

class AsyncMap implements Processor {
  readonly readsAtOnce = true;
  readonly #options: AsyncMapOptions & typeof asyncDefaults;
  readonly #loops: Loops;
  readonly #queue: CallQueue;
  readonly #output = new OutputRows();
  /** Rows of the batch under way, and how many of them have been called for. */
  #rows: Held[] = [];
  #called = 0;
  #isRead = false;
  #context!: ProcessorContext;
  #outbox!: Outbox;
  #service: unknown;
  #hasService = false;
  #saved!: SavedRows;
  #refused: Watermark | undefined;
  /** The watermark that is being taken. */
  #queued: Watermark | undefined;

  constructor(options: AsyncMapOptions) {
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    this.#options = { ...asyncDefaults, ...given } as AsyncMapOptions & typeof asyncDefaults;
    this.#queue = new CallQueue(this.#options.isOrdered);
    this.#loops = new Loops([], new CallTerminal((row, timeMs) => this.#rows.push({ row, timeMs })), options.mode);
  }

  async init(context: ProcessorContext): Promise<void> {
    this.#context = context;
    this.#outbox = context.outbox;
    this.#saved = new SavedRows(`calls-${context.globalIndex}-`, context.globalIndex % PARTITION_COUNT);
    this.#service = await this.#options.service.create(context);
    this.#hasService = true;
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(batch.kind !== 'bytes', 'rows are looked at after they have been decoded');
    if (!this.#isRead) {
      this.#loops.run(batch);
      this.#isRead = true;
    }
    if (!this.#flush() || !this.#callNext()) return false;
    this.#isRead = false;
    return true;
  }

  processWatermark(mark: Watermark): boolean {
    // It is in the queue once, however often a refusal lets it be given again.
    if (this.#queued !== mark) {
      if (!this.#flush()) return false;
      this.#queue.mark(mark);
      this.#queued = mark;
    }
    if (!this.#flush()) return false;
    this.#queued = undefined;
    return true;
  }

  woken(): boolean {
    return this.#flush();
  }

  complete(): boolean {
    return this.#flush() && this.#callNext() && this.#queue.isEmpty;
  }

  /**
   * What is saved comes back at another instance when the number of instances changes, and later rows may overtake it there. So results that
   * are to be in order are waited for.
   */
  snapshotPrepare(): boolean {
    if (!this.#flush()) return false;
    return !this.#options.isOrdered || (this.#callNext() && this.#queue.isEmpty);
  }

  saveSnapshot(): boolean {
    // Behind what is under way: rows that were restored and have not been called for yet.
    this.#frozen = [...this.#queue.items.map(heldOf), ...this.#rows.slice(this.#called)];
    return true;
  }

  #frozen: readonly Held[] = [];

  writeSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    return this.#saved.write(this.#frozen, this.#frozen.length, writer);
  }

  restoreSnapshot({ key, ...entry }: SnapshotEntry): void {
    const instance = Number(key.split('-')[1]);
    const saved = this.#restored.get(instance) ?? new SavedRows(`calls-${instance}-`, 0);
    saved.collect({ key, ...entry });
    this.#restored.set(instance, saved);
  }

  readonly #restored = new Map<number, SavedRows>();

  restoreFinished(): void {
    const instances = [...this.#restored.keys()].sort((a, b) => a - b);
    for (const instance of instances) {
      const held = this.#restored.get(instance)!.take() as readonly Held[];
      // A watermark of one of several speaks only for its own rows; the source sends another soon.
      this.#rows.push(...held.filter((each) => instances.length === 1 || 'row' in each));
    }
    this.#restored.clear();
    this.#callNext();
  }

  async close(): Promise<void> {
    if (this.#hasService) await this.#options.service.destroy?.(this.#service);
  }

  /** Calls for as many rows as may be under way; `false` when some are left. */
  #callNext(): boolean {
    while (this.#called < this.#rows.length) {
      if (this.#queue.callCount >= this.#options.concurrency) return false;
      const held = this.#rows[this.#called++]!;
      if ('watermarkMs' in held) this.#queue.mark(watermark(held.watermarkMs));
      else this.#start(this.#queue.add(held.row, held.timeMs));
    }
    this.#rows = [];
    this.#called = 0;
    return true;
  }

  #start(call: Call): void {
    const { clock, signal, vertex } = this.#context;
    attempt((own) => this.#options.call(this.#service, call.row, own), {
      ...this.#options,
      clock,
      signal,
      stage: vertex,
    }).then(
      (rows) => {
        call.results = rows;
        this.#context.wake();
      },
      (error: unknown) => {
        if (signal.aborted) return;
        if (this.#options.setsAside === undefined || !isRecordError(error)) {
          this.#context.fail(error);
          return;
        }
        call.results = [];
        call.failure = error;
        this.#context.wake();
      },
    );
  }

  /** Emits what is due; `false` when something was refused. */
  #flush(): boolean {
    for (;;) {
      if (!this.#output.emit(this.#outbox)) return false;
      if (this.#refused !== undefined && !this.#outbox.offer(this.#refused)) return false;
      this.#refused = undefined;
      const next = this.#queue.take();
      if (next === undefined) {
        // Room for more of the rows that wait.
        if (this.#called < this.#rows.length && !this.#isRead) this.#callNext();
        return true;
      }
      if ('kind' in next) {
        this.#refused = next;
        continue;
      }
      // Not before: until now a snapshot would hold the row as one to call for again.
      if (this.#options.setsAside?.(next.row, next.timeMs, next.failure) === true) continue;
      for (const row of next.results!) this.#output.add(row, next.timeMs);
    }
  }
}
