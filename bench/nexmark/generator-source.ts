import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
  type Watermark,
  watermark,
} from '@millrace/engine';
import { type Board, now, sourceCaughtUp, sourceStarted, TIME } from './board.ts';
import { T0, timeOf } from './events.ts';
import { after, type Generator, generatorOf } from './generator.ts';
import type { Form, Workload } from './workloads.ts';

/** A paced source looks at its schedule so often. */
const PACE_MS = 1;
/** So that the other tasklets of the thread get their turn. */
const BATCHES_PER_CALL = 16;

export interface SourceOptions {
  readonly workload: Workload;
  readonly form: Form;
  /** Watermarks at the multiples of so many milliseconds; `undefined`: no event times at all. */
  readonly watermarkEveryMs: number | undefined;
  readonly board: Board;
}

/**
 * A bounded source of events 0 to n - 1, split over its instances. In paced workloads event i is released at start + i / rate and
 * the schedule is never moved: a source that was held up emits what is due as fast as it can, so the delay is charged.
 */
export class GeneratorSource implements Processor {
  readonly #options: SourceOptions;
  readonly #generator: Generator;
  readonly #globalIndex: number;
  #context!: ProcessorContext;
  #next: number;
  #watermarkMs = 0;
  #refused: Batch | Watermark | undefined;
  #isCaughtUp = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SourceOptions, globalIndex: number) {
    this.#options = options;
    this.#generator = generatorOf(options.workload, options.form, options.watermarkEveryMs !== undefined);
    this.#globalIndex = globalIndex;
    this.#next = globalIndex * this.#generator.block;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    sourceStarted(this.#options.board);
  }

  complete(): boolean {
    const { workload } = this.#options;
    const { outbox } = this.#context;
    if (this.#refused !== undefined && !this.#offer(this.#refused)) return false;
    const limit = this.#limit();
    for (let batches = 0; this.#next < limit; batches++) {
      if (batches === BATCHES_PER_CALL) {
        this.#context.wake();
        return false;
      }
      const mark = this.#markDue();
      if (mark !== undefined && !this.#offer(mark)) return false;
      const batch = this.#generator.make(this.#next, Math.min(limit, this.#frameEnd()), outbox.readsAtOnce === true);
      if (!this.#offer(batch)) return false;
    }
    if (this.#next >= workload.n) return true;
    if (!this.#isCaughtUp && limit > 0) {
      this.#isCaughtUp = true;
      sourceCaughtUp(this.#options.board);
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#context.wake();
    }, PACE_MS);
    return false;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const value = new Uint8Array(new Float64Array([this.#next, this.#watermarkMs]).buffer);
    return writer.offer({ partition: EVERY_INSTANCE, key: String(this.#globalIndex), value });
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    if (entry.key !== String(this.#globalIndex)) return;
    [this.#next, this.#watermarkMs] = new Float64Array(entry.value.slice().buffer) as unknown as [number, number];
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #offer(item: Batch | Watermark): boolean {
    this.#refused = item;
    if (!this.#context.outbox.offer(item)) return false;
    this.#refused = undefined;
    if (item.kind === 'watermark') this.#watermarkMs = item.timeMs;
    else this.#next = after(this.#next, item.length, this.#generator.block);
    return true;
  }

  /** Events below it may be emitted now. */
  #limit(): number {
    const { n, rate } = this.#options.workload;
    if (rate === 0) return n;
    const elapsedNs = Number(now() - Atomics.load(this.#options.board.times, TIME.scheduleStart));
    return elapsedNs < 0 ? 0 : Math.min(n, Math.floor((elapsedNs * rate) / 1e9) + 1);
  }

  /** Before the first event of a new frame: no event before the frame's start follows. */
  #markDue(): Watermark | undefined {
    const everyMs = this.#options.watermarkEveryMs;
    if (everyMs === undefined) return undefined;
    const timeMs = timeOf(this.#next, this.#options.workload.eventsPerSecond);
    const start = timeMs - (timeMs % everyMs);
    return start > this.#watermarkMs ? watermark(start) : undefined;
  }

  /** The first event of the frame after the present one: a batch ends before it. */
  #frameEnd(): number {
    const everyMs = this.#options.watermarkEveryMs;
    if (everyMs === undefined) return Number.POSITIVE_INFINITY;
    const frame = Math.floor((timeOf(this.#next, this.#options.workload.eventsPerSecond) - T0) / everyMs);
    return Math.ceil(((frame + 1) * everyMs * this.#options.workload.eventsPerSecond) / 1_000);
  }
}
