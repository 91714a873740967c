import { assert } from '@millrace/kernel';
import type { Batch } from '../contract/batch.ts';
import { IDLE, isIdle, type SnapshotBarrier, type Watermark, watermark } from '../contract/mark.ts';
import type { StreamReader } from '../edge/stream.ts';

/** One upstream instance of one edge. */
export interface InputStream {
  readonly ordinal: number;
  readonly priority: number;
  readonly reader: StreamReader;
}

class Input {
  readonly ordinal: number;
  readonly priority: number;
  readonly reader: StreamReader;
  hasEnded = false;
  /** The barrier it delivered and the others have not yet. */
  hasBarrier = false;
  watermarkMs = Number.NEGATIVE_INFINITY;
  /** Says that nothing will come for now: nobody waits for its watermark. */
  isIdle = false;

  constructor({ ordinal, priority, reader }: InputStream) {
    this.ordinal = ordinal;
    this.priority = priority;
    this.reader = reader;
  }
}

/**
 * All input streams of one instance made into one sequence of batches and marks that all of them agree on: the least watermark,
 * and a barrier once every stream has delivered it or ended. With `holdBack` (exactly-once) a stream that delivered the
 * barrier is not read until then, so that no later row gets into the snapshot (aligned snapshots: Carbone et al.,
 * "Lightweight Asynchronous Snapshots for Distributed Dataflows", 2015).
 */
export class Inputs {
  readonly #inputs: readonly Input[];
  /** Streams of equal priority, in the order they are drained. */
  readonly #groups: Input[][];
  readonly #holdBack: boolean;
  #aligning: number | undefined;
  #cursor = 0;
  #openCount: number;
  #watermarkMs = Number.NEGATIVE_INFINITY;
  /** `IDLE` was the last that was delivered. */
  #isIdle = false;
  /** Set by an ending stream, delivered by the next `next()`. */
  #dueWatermark = false;
  #dueBarrier = false;
  /** Edge of the batch that `next()` returned last. */
  ordinal = 0;

  constructor(streams: readonly InputStream[], holdBack: boolean) {
    this.#inputs = streams.map((stream) => new Input(stream));
    this.#openCount = streams.length;
    this.#holdBack = holdBack;
    const priorities = [...new Set(streams.map((stream) => stream.priority))].sort((a, b) => a - b);
    this.#groups = priorities.map((priority) => this.#inputs.filter((input) => input.priority === priority));
  }

  /** No stream at all: a source, or an instance that an all-to-one edge leaves out. */
  get isEmpty(): boolean {
    return this.#inputs.length === 0;
  }

  /** Every stream has ended and all it led to has been delivered. */
  get hasEnded(): boolean {
    return this.#openCount === 0 && !this.#dueWatermark && !this.#dueBarrier;
  }

  /** Streams of lower priority wait for these: no barrier can be aligned until the last group is being read. */
  get isPrioritizing(): boolean {
    return this.#groups.length > 1;
  }

  /** The watermark that all streams agree on. */
  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  get rowsPeak(): number {
    return this.#inputs.reduce((peak, input) => Math.max(peak, input.reader.rowsPeak), 0);
  }

  /** The next batch or agreed mark; `undefined` when nothing can be read now. */
  next(): Batch | Watermark | SnapshotBarrier | undefined {
    for (;;) {
      if (this.#dueWatermark) {
        this.#dueWatermark = false;
        const risen = this.#riseWatermark();
        if (risen !== undefined) return risen;
      }
      if (this.#dueBarrier) {
        this.#dueBarrier = false;
        return { kind: 'barrier', snapshotId: this.#aligning! };
      }
      const input = this.#nextReadable();
      if (input === undefined) return undefined;
      const item = input.item;
      switch (item.kind) {
        case 'watermark':
          input.from.isIdle = isIdle(item);
          if (!input.from.isIdle) input.from.watermarkMs = Math.max(input.from.watermarkMs, item.timeMs);
          this.#dueWatermark = true;
          break;
        case 'barrier':
          assert(this.#aligning === undefined || this.#aligning === item.snapshotId, 'one snapshot at a time');
          this.#aligning = item.snapshotId;
          input.from.hasBarrier = true;
          this.#checkAligned();
          break;
        case 'end':
          this.#end(input.from);
          break;
        default:
          input.from.isIdle = false;
          this.#isIdle = false;
          this.ordinal = input.from.ordinal;
          return item;
      }
    }
  }

  /** The agreed barrier has been dealt with: streams held back are read again. */
  release(): void {
    this.#aligning = undefined;
    for (const input of this.#inputs) input.hasBarrier = false;
  }

  #nextReadable() {
    const group = this.#groups[0];
    if (group === undefined) return undefined;
    for (let tried = 0; tried < group.length; tried++) {
      const from = group[this.#cursor % group.length]!;
      this.#cursor = (this.#cursor + 1) % group.length;
      if (from.hasEnded || (this.#holdBack && from.hasBarrier)) continue;
      const item = from.reader.take();
      if (item !== undefined) return { from, item };
    }
    return undefined;
  }

  #end(input: Input): void {
    input.hasEnded = true;
    this.#openCount -= 1;
    while (this.#groups.length > 0 && this.#groups[0]!.every((each) => each.hasEnded)) this.#groups.shift();
    this.#cursor = 0;
    this.#dueWatermark = this.#openCount > 0;
    this.#checkAligned();
  }

  #checkAligned(): void {
    if (this.#aligning === undefined) return;
    this.#dueBarrier = this.#inputs.every((input) => input.hasBarrier || input.hasEnded);
  }

  #riseWatermark(): Watermark | undefined {
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    let isAllIdle = this.#openCount > 0;
    for (const input of this.#inputs) {
      if (input.hasEnded) continue;
      if (input.watermarkMs > most) most = input.watermarkMs;
      if (input.isIdle) continue;
      isAllIdle = false;
      if (input.watermarkMs < least) least = input.watermarkMs;
    }
    return isAllIdle ? this.#rest(most) : this.#rise(least);
  }

  /**
   * Every open stream is idle. First the watermark of the one that got furthest, as if it had been the last to become idle:
   * what windows are closed must not depend on which stream said so first.
   */
  #rest(most: number): Watermark | undefined {
    if (this.#isIdle) return undefined;
    if (most > this.#watermarkMs) {
      this.#watermarkMs = most;
      this.#dueWatermark = true;
      return watermark(most);
    }
    this.#isIdle = true;
    return IDLE;
  }

  #rise(least: number): Watermark | undefined {
    const wasIdle = this.#isIdle;
    this.#isIdle = false;
    if (least === Number.POSITIVE_INFINITY) return undefined;
    // After an idle time the readers have to hear that it is over, also when the watermark has not risen.
    if (least <= this.#watermarkMs && !(wasIdle && this.#watermarkMs > Number.NEGATIVE_INFINITY)) return undefined;
    this.#watermarkMs = Math.max(least, this.#watermarkMs);
    return watermark(this.#watermarkMs);
  }
}
