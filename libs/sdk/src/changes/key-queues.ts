import type { Delivered } from './subscriber.ts';

/**
 * Runs work of one key one after the other, of different keys beside each other, at most `concurrency` at a time. Bounded by the window
 * that the api keeps: no more is taken than that.
 */
export class KeyQueues {
  readonly #concurrency: number;
  readonly #work: (delivered: Delivered) => Promise<boolean>;
  readonly #waiting = new Map<string, Delivered[]>();
  /** Keys with something to do and nothing that runs, oldest first. */
  readonly #ready: string[] = [];
  #running = 0;
  #onIdle: () => void = () => {};

  /** @param work resolves with whether the change is handled; it never rejects */
  constructor(concurrency: number, work: (delivered: Delivered) => Promise<boolean>) {
    this.#concurrency = concurrency;
    this.#work = work;
  }

  add(delivered: Delivered): void {
    const queue = this.#waiting.get(delivered.key);
    if (queue === undefined) {
      this.#waiting.set(delivered.key, [delivered]);
      this.#ready.push(delivered.key);
    } else queue.push(delivered);
    this.#run();
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    if (this.#running === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    await promise;
  }

  #run(): void {
    while (this.#running < this.#concurrency && this.#ready.length > 0) {
      const key = this.#ready.shift()!;
      const delivered = this.#next(key);
      if (delivered !== undefined) void this.#handle(key, delivered);
    }
  }

  /** The first of the key that is still wanted. */
  #next(key: string): Delivered | undefined {
    const queue = this.#waiting.get(key)!;
    for (;;) {
      const delivered = queue.shift();
      if (delivered === undefined) this.#waiting.delete(key);
      if (delivered === undefined || delivered.isWanted()) return delivered;
    }
  }

  async #handle(key: string, delivered: Delivered): Promise<void> {
    this.#running += 1;
    delivered.begin();
    delivered.end(await this.#work(delivered));
    this.#running -= 1;
    if (this.#waiting.get(key)!.length > 0) this.#ready.push(key);
    else this.#waiting.delete(key);
    this.#run();
    if (this.#running === 0) this.#onIdle();
  }
}
