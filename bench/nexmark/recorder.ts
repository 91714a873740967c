import { type Board, outputSeen, sinkDone } from './board.ts';
import { type Bid, hashBid, hashPair, hashWindow, T0 } from './events.ts';
import { bucketOf, HISTOGRAM_BUCKETS } from './histogram.ts';
import { SLIDE_MS, type Workload } from './workloads.ts';

export interface WindowCount {
  readonly end: number;
  readonly key: number;
  readonly result: number;
}

export interface Pair {
  readonly end: number;
  readonly person: number;
  readonly name: number;
  readonly auction: number;
}

/** What one sink instance makes of the results: the checksum that does not depend on their order, and their latencies. */
export class Recorder {
  readonly #board: Board;
  readonly #index: number;
  /** Window ends, in seconds after `T0`, whose results are timed. */
  readonly #timed: { readonly after: number; readonly upTo: number };
  readonly #windows: number;
  #outputs = 0;
  #sum = 0;
  #checksum = 0;
  #hasOutput = false;

  constructor(board: Board, workload: Workload, globalIndex: number) {
    this.#board = board;
    this.#index = globalIndex;
    const { warmSeconds, measuredSeconds } = workload;
    this.#timed = { after: warmSeconds, upTo: warmSeconds + measuredSeconds };
    this.#windows = warmSeconds + measuredSeconds + 1;
  }

  bid(bid: Bid): void {
    this.#outputs += 1;
    this.#checksum = (this.#checksum + hashBid(bid)) | 0;
  }

  windowCount({ end, key, result }: WindowCount): void {
    this.#outputs += 1;
    this.#sum += result;
    this.#checksum = (this.#checksum + hashWindow(end, key, result)) | 0;
  }

  pair({ end, person, name, auction }: Pair): void {
    this.#outputs += 1;
    this.#checksum = (this.#checksum + hashPair(end, person, name, auction)) | 0;
  }

  runningCount({ key, result }: { readonly key: number; readonly result: number }): void {
    if (!this.#hasOutput) {
      this.#hasOutput = true;
      outputSeen(this.#board);
    }
    this.#board.keyCounts[key] = result;
  }

  /** `count` results of the window that ends at `end` have arrived; `scheduleStartMs` is when event 0 was due. */
  timed(end: number, count: number, atMs: number, scheduleStartMs: number): void {
    const window = (end - T0) / SLIDE_MS;
    if (window <= this.#timed.after || window > this.#timed.upTo) return;
    const latencyMs = Math.max(0, atMs - (scheduleStartMs + end - T0));
    this.#board.latencies[this.#index * HISTOGRAM_BUCKETS + bucketOf(latencyMs * 1_000)]! += count;
    this.#board.lastOfWindow[this.#index * this.#windows + window] = latencyMs;
    if (latencyMs > this.#board.longest[this.#index]!) this.#board.longest[this.#index] = latencyMs;
  }

  done(): void {
    this.#board.totals[2 * this.#index] = this.#outputs;
    this.#board.totals[2 * this.#index + 1] = this.#sum;
    this.#board.checksums[this.#index] = this.#checksum;
    sinkDone(this.#board);
  }
}
