/** Bytes by who holds them. */
class Ledger {
  readonly #held = new Map<object, number>();
  total = 0;

  /** Says how much `holder` holds now; 0 when it is done. */
  hold(holder: object, bytes: number): void {
    this.total += bytes - (this.#held.get(holder) ?? 0);
    if (bytes === 0) this.#held.delete(holder);
    else this.#held.set(holder, bytes);
  }
}

/** The memory of one writer, under one limit. */
export class Memory {
  /** Held by objects that take more lines. */
  readonly waiting = new Ledger();
  /** On its way: parts, and objects being finished. It becomes free by itself. */
  readonly moving = new Ledger();
  readonly #limit: number;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get total(): number {
    return this.waiting.total + this.moving.total;
  }

  /** Nothing more is taken until something has become free. */
  get isFull(): boolean {
    return this.total >= this.#limit;
  }

  /** Open objects hold half of it: some must be finished, or nothing would become free. */
  get isTight(): boolean {
    return this.waiting.total >= this.#limit / 2;
  }

  /** Enough was finished. */
  get isRoomy(): boolean {
    return this.waiting.total < this.#limit / 4;
  }
}
