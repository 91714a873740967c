/** The newest idempotency keys, so many at most; the oldest is forgotten first. */
export class KnownKeys {
  readonly #max: number;
  readonly #keys = new Set<string>();

  constructor(max: number, keys: readonly string[] = []) {
    this.#max = max;
    for (const key of keys) this.add(key);
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  add(key: string): void {
    this.#keys.add(key);
    if (this.#keys.size <= this.#max) return;
    const [oldest] = this.#keys;
    this.#keys.delete(oldest!);
  }

  /** The oldest first. */
  list(): readonly string[] {
    return [...this.#keys];
  }
}
