/** What of a partition is under way and what is handled. Numbers come in order and end in any. */
export class PartitionProgress {
  readonly epoch: number;
  isRevoked = false;
  /** Aborted when the partition is another instance's. */
  readonly lost = new AbortController();
  #received: number;
  #acknowledged: number;
  #reported: number;
  readonly #open: { readonly number: number; isDone: boolean }[] = [];
  #running = 0;

  constructor(epoch: number, acknowledged: number) {
    this.epoch = epoch;
    this.#received = acknowledged;
    this.#acknowledged = acknowledged;
    this.#reported = acknowledged;
  }

  /** @returns whether it is new: after a broken connection the stream begins with what was not acknowledged */
  receive(number: number): boolean {
    if (number <= this.#received) return false;
    this.#received = number;
    this.#open.push({ number, isDone: false });
    return true;
  }

  /** A handler runs. */
  begin(): void {
    this.#running += 1;
  }

  end(): void {
    this.#running -= 1;
  }

  get isIdle(): boolean {
    return this.#running === 0;
  }

  done(number: number): void {
    const entry = this.#open.find((each) => each.number === number);
    if (entry !== undefined) entry.isDone = true;
    while (this.#open[0]?.isDone === true) this.#acknowledged = this.#open.shift()!.number;
  }

  /** Up to where everything is handled, when that has not been reported yet. */
  get toReport(): number | undefined {
    return this.#acknowledged > this.#reported ? this.#acknowledged : undefined;
  }

  reported(upTo: number): void {
    this.#reported = Math.max(this.#reported, upTo);
  }
}
