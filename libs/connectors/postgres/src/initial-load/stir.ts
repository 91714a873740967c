/** Lets loops sleep until something has changed. Check first, then `wait` in the same turn: nothing is missed. */
export class Stir {
  #resolve!: () => void;
  #changed!: Promise<void>;

  constructor() {
    this.#renew();
  }

  wait(): Promise<void> {
    return this.#changed;
  }

  notify(): void {
    this.#resolve();
    this.#renew();
  }

  #renew(): void {
    this.#changed = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
}
