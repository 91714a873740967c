interface Pace {
  /** Event time of the newest row. */
  newestMs: number;
  /** When its last batch came, on the monotonic clock. */
  seenMs: number;
}

export type SavedPaces = readonly (readonly [stream: string, newestMs: number])[];

/** How far each of several streams is in event time. */
export class StreamPaces {
  readonly #paces = new Map<string, Pace>();

  /** A batch of the stream has come; `newestMs` is `-Infinity` when it has no rows. */
  note(stream: string, newestMs: number, nowMs: number): void {
    const pace = this.#paces.get(stream);
    if (pace === undefined) {
      this.#paces.set(stream, { newestMs, seenMs: nowMs });
      return;
    }
    if (newestMs > pace.newestMs) pace.newestMs = newestMs;
    pace.seenMs = nowMs;
  }

  /** The newest event time of the slowest stream that was seen since then. A single stream is never left out. `+Infinity`: there is none. */
  slowest(sinceMs: number): number {
    let slowestMs = Number.POSITIVE_INFINITY;
    for (const { newestMs, seenMs } of this.#paces.values()) {
      if (seenMs < sinceMs && this.#paces.size > 1) continue;
      if (newestMs < slowestMs) slowestMs = newestMs;
    }
    return slowestMs;
  }

  save(): SavedPaces {
    return Array.from(this.#paces, ([stream, { newestMs }]) => [stream, newestMs] as const);
  }

  /** Streams that were there are waited for again. */
  restore(saved: SavedPaces, nowMs: number): void {
    for (const [stream, newestMs] of saved) this.note(stream, newestMs, nowMs);
  }
}
