import { deserialize, serialize } from 'node:v8';
import {
  type Batch,
  IDLE,
  isIdle,
  type Outbox,
  PARTITION_COUNT,
  type Processor,
  type ProcessorContext,
  type ProcessorSupplier,
  rowBatch,
  type SnapshotEntry,
  type SnapshotWriter,
  type Watermark,
  watermark,
} from '@millrace/engine';
import { assert, MillraceError } from '@millrace/kernel';
import type { LoopMode } from '../contract/row-stage.ts';
import { LoopSegment } from '../loop/segment.ts';
import { NoTimestamp } from '../window/errors.ts';
import { type SavedPaces, StreamPaces } from './stream-paces.ts';

export interface AssignTimestampsOptions {
  /** `native`: the rows have event times, and the source may send watermarks. */
  readonly from: 'fn' | 'ingestion' | 'native';
  // biome-ignore lint/suspicious/noExplicitAny: the row type is the stage's
  readonly timestampOf?: ((row: any) => number) | undefined;
  readonly allowedLagMs: number;
  /** After so long without a batch the instance says that it is idle. */
  readonly idleMs: number;
  readonly mode?: LoopMode | undefined;
}

/** The stream that rows of a batch without one are of. */
const ONLY_STREAM = '';

const streamOf = (batch: Batch): string =>
  ('stream' in batch ? (batch.stream as string | undefined) : undefined) ?? ONLY_STREAM;

/** Watermarks closer together than this say nothing new to a person, and cost every stage behind a call. */
const GRANULARITY_MS = 1;

/**
 * Gives rows their event time and follows the newest one with watermarks; of several streams (partitions of a topic) the slowest one that is not
 * idle. Saved is the newest time of each, so that a row that was late before a restart is late after it.
 */
export function assignTimestamps(options: AssignTimestampsOptions): ProcessorSupplier {
  return () => new AssignTimestamps(options);
}

class AssignTimestamps implements Processor {
  readonly #options: AssignTimestampsOptions;
  readonly #loop: LoopSegment | undefined;
  #context!: ProcessorContext;
  #outbox: Outbox | undefined;
  readonly #paces = new StreamPaces();
  #sentMs = Number.NEGATIVE_INFINITY;
  /** The source sends watermarks itself: none are made. */
  #hasNativeWatermarks = false;
  #output: Batch | undefined;
  #isUnderWay = false;
  #cancelIdle: () => void = () => {};
  #isIdleDue = false;
  constructor(options: AssignTimestampsOptions) {
    this.#options = options;
    const { timestampOf, mode = 'generated' } = options;
    this.#loop = timestampOf === undefined ? undefined : new LoopSegment([{ assignTime: timestampOf }], mode);
  }

  /** A loop makes new rows; else the arrays of a batch are passed on, and kept only by whoever gets them. */
  get readsAtOnce(): boolean {
    return this.#options.from === 'fn' || this.#outbox?.readsAtOnce === true;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#outbox = context.outbox;
    this.#planIdle();
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(batch.kind !== 'bytes', 'rows get event times after they have been decoded');
    if (!this.#isUnderWay) this.#begin(batch);
    for (;;) {
      this.#output ??= this.#next(batch);
      if (this.#output === undefined) break;
      if (!this.#outbox!.offer(this.#output)) return false;
      this.#output = undefined;
    }
    if (!this.#follow()) return false;
    this.#isUnderWay = false;
    return true;
  }

  processWatermark(mark: Watermark): boolean {
    if (isIdle(mark)) return this.#outbox!.offer(mark);
    this.#hasNativeWatermarks = this.#options.from === 'native';
    // A watermark of the source speaks of its own times; those assigned here have their own.
    return this.#hasNativeWatermarks ? this.#outbox!.offer(mark) : true;
  }

  woken(): boolean {
    if (!this.#isIdleDue) return true;
    if (!this.#outbox!.offer(IDLE)) return false;
    this.#isIdleDue = false;
    return true;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const { globalIndex } = this.#context;
    const value = serialize({ newest: this.#paces.save(), hasNativeWatermarks: this.#hasNativeWatermarks });
    return writer.offer({ partition: globalIndex % PARTITION_COUNT, key: `time-${globalIndex}`, value });
  }

  restoreSnapshot({ value }: SnapshotEntry): void {
    const saved = deserialize(value) as { readonly newest: SavedPaces; readonly hasNativeWatermarks: boolean };
    this.#paces.restore(saved.newest, this.#context.clock.monotonicMs());
    this.#hasNativeWatermarks ||= saved.hasNativeWatermarks;
  }

  close(): void {
    this.#cancelIdle();
  }

  #begin(batch: Batch & { readonly times?: Float64Array | undefined }): void {
    this.#isUnderWay = true;
    this.#isIdleDue = false;
    this.#planIdle();
    this.#loop?.begin(batch);
    this.#given = false;
  }

  #given = false;

  #next(batch: Batch): Batch | undefined {
    if (this.#loop !== undefined) {
      const output = this.#loop.next();
      if (output !== undefined) this.#noteTimes(output, streamOf(batch));
      return output;
    }
    if (this.#given) return undefined;
    this.#given = true;
    const output = this.#options.from === 'native' ? batch : this.#withTime(batch, this.#context.clock.nowMs());
    this.#noteTimes(output, streamOf(batch));
    return output;
  }

  #withTime(batch: Batch, timeMs: number): Batch {
    assert(batch.kind !== 'bytes', 'rows get event times after they have been decoded');
    const times = new Float64Array(batch.length).fill(timeMs);
    return batch.kind === 'rows' ? rowBatch(batch.rows, batch.byteLength, times) : { ...batch, times };
  }

  #noteTimes(batch: Batch, stream: string): void {
    if (this.#hasNativeWatermarks) return;
    const { times } = batch as { readonly times?: Float64Array | undefined };
    let newest = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < batch.length; index++) {
      const time = times === undefined ? Number.NaN : times[index]!;
      if (time > newest) newest = time;
      else if (Number.isNaN(time)) throw this.#noTime();
    }
    this.#paces.note(stream, newest, this.#context.clock.monotonicMs());
  }

  #follow(): boolean {
    if (this.#hasNativeWatermarks) return true;
    const { allowedLagMs, idleMs } = this.#options;
    const timeMs = this.#paces.slowest(this.#context.clock.monotonicMs() - idleMs) - allowedLagMs;
    if (!Number.isFinite(timeMs) || timeMs < this.#sentMs + GRANULARITY_MS) return true;
    if (!this.#outbox!.offer(this.#mark(timeMs))) return false;
    this.#sentMs = timeMs;
    this.#refusedMark = undefined;
    return true;
  }

  /** A refused watermark is offered again as the same object. */
  #refusedMark: Watermark | undefined;

  #mark(timeMs: number): Watermark {
    if (this.#refusedMark?.timeMs !== timeMs) this.#refusedMark = watermark(timeMs);
    return this.#refusedMark;
  }

  #planIdle(): void {
    this.#cancelIdle();
    const { idleMs } = this.#options;
    if (!Number.isFinite(idleMs)) return;
    this.#cancelIdle = this.#context.clock.timer(idleMs, () => {
      this.#isIdleDue = true;
      this.#context.wake();
    });
  }

  #noTime(): MillraceError {
    return new MillraceError(NoTimestamp, {
      message: `a row has no event time (${this.#context.vertex})`,
      mend: 'Let the timestamp function return milliseconds since 1970 for every row, or filter such rows out first.',
    });
  }
}
