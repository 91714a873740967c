import { deserialize, serialize } from 'node:v8';
import {
  BATCH_ROWS_MAX,
  type Batch,
  EVERY_INSTANCE,
  type Outbox,
  type Processor,
  type ProcessorContext,
  type ProcessorSupplier,
  rowBatch,
  type SnapshotEntry,
  type SnapshotWriter,
  type Watermark,
  watermark,
} from '@millrace/engine';
import type { SourceBuffer, SourceDefinition } from './source-definition.ts';

/** Pause after a fill that added nothing: doubled each time up to the maximum. */
const PAUSE_MS_MIN = 1;
const PAUSE_MS_MAX = 16;

/** The processor of a `SourceDefinition`. */
export function builtSource<State, Row>(definition: SourceDefinition<State, Row>): ProcessorSupplier {
  return () => new BuiltSource(definition);
}

class Buffer<Row> implements SourceBuffer<Row> {
  rows: Row[] = [];
  times: number[] = [];
  watermarkMs: number | undefined;
  isClosed = false;
  /** Batches and watermarks that are complete, in order. */
  readonly items: (Batch | Watermark)[] = [];

  get size(): number {
    return this.rows.length;
  }

  add(row: Row, timeMs?: number): void {
    this.rows.push(row);
    if (timeMs !== undefined) this.times.push(timeMs);
    if (this.rows.length === BATCH_ROWS_MAX) this.flush();
  }

  watermark(timeMs: number): void {
    this.flush();
    this.items.push(watermark(timeMs));
  }

  close(): void {
    this.isClosed = true;
  }

  flush(): void {
    if (this.rows.length === 0) return;
    const times = this.times.length === this.rows.length ? Float64Array.from(this.times) : undefined;
    this.items.push(rowBatch(this.rows, undefined, times));
    this.rows = [];
    this.times = [];
  }
}

class BuiltSource<State, Row> implements Processor {
  readonly #definition: SourceDefinition<State, Row>;
  readonly #buffer = new Buffer<Row>();
  readonly #saved: unknown[] = [];
  #context!: ProcessorContext;
  #outbox!: Outbox;
  #state!: State;
  #hasState = false;
  #isFilling = false;
  /** A barrier waits until what has been filled is emitted: nothing more is filled before it. */
  #isHeld = false;
  #pauseMs = 0;
  #cancelPause: (() => void) | undefined;

  constructor(definition: SourceDefinition<State, Row>) {
    this.#definition = definition;
  }

  async init(context: ProcessorContext): Promise<void> {
    this.#context = context;
    this.#outbox = context.outbox;
    this.#state = await this.#definition.create(context);
    this.#hasState = true;
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#saved.push(deserialize(entry.value));
  }

  async restoreFinished(): Promise<void> {
    if (this.#saved.length > 0) await this.#definition.restore?.(this.#state, this.#saved);
  }

  complete(): boolean {
    for (;;) {
      if (!this.#emit()) return false;
      if (this.#buffer.isClosed) return true;
      if (this.#isFilling || this.#cancelPause !== undefined) return false;
      if (this.#isHeld) {
        this.#context.wake();
        return false;
      }
      if (!this.#fill()) return false;
    }
  }

  snapshotReady(): boolean {
    this.#isHeld = this.#isFilling || this.#buffer.items.length > 0;
    return !this.#isHeld;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    this.#isHeld = false;
    const { snapshot } = this.#definition;
    if (snapshot === undefined) return true;
    const value = serialize(snapshot(this.#state));
    return writer.offer({ partition: EVERY_INSTANCE, key: `source-${this.#context.globalIndex}`, value });
  }

  async close(): Promise<void> {
    this.#cancelPause?.();
    if (this.#hasState) await this.#definition.destroy?.(this.#state);
  }

  #emit(): boolean {
    const { items } = this.#buffer;
    while (items.length > 0) {
      if (!this.#outbox.offer(items[0]!)) return false;
      items.shift();
    }
    return true;
  }

  /** Calls the user's function; `false`: wait for `wake`. */
  #fill(): boolean {
    const filled = this.#definition.fill(this.#state, this.#buffer);
    if (!(filled instanceof Promise)) return this.#filled();
    this.#isFilling = true;
    filled.then(
      () => {
        this.#isFilling = false;
        this.#filled();
        this.#context.wake();
      },
      (error: unknown) => this.#context.fail(error),
    );
    return false;
  }

  #filled(): boolean {
    const buffer = this.#buffer;
    buffer.flush();
    if (buffer.items.length > 0 || buffer.isClosed) {
      this.#pauseMs = 0;
      return true;
    }
    this.#pauseMs = this.#pauseMs === 0 ? PAUSE_MS_MIN : Math.min(this.#pauseMs * 2, PAUSE_MS_MAX);
    this.#cancelPause = this.#context.clock.timer(this.#pauseMs, () => {
      this.#cancelPause = undefined;
      this.#context.wake();
    });
    return false;
  }
}
