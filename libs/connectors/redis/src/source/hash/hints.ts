import type { Redis } from 'ioredis';
import type { RowName } from './known-rows.ts';
import type { Place } from './place.ts';

/** Names that wait to be looked at; with more, everything is looked at. */
const NAMES_MAX = 10_000;

/** What notifications say has changed since it was asked last. They are hints: what is there is read. */
export class Hints {
  readonly #places: ReadonlyMap<string, Place>;
  readonly #changed: () => void;
  #names = new Map<string, RowName>();
  /** Keys of the stage of which all has to be looked at. */
  #whole = new Set<string>();

  constructor(places: ReadonlyMap<string, Place>, changed: () => void) {
    this.#places = places;
    this.#changed = changed;
  }

  /** @param redis a connection for nothing else */
  async listen(redis: Redis): Promise<void> {
    const keyOf = new Map([...this.#places].map(([key, { channels }]) => [channels, key]));
    redis.on('pmessage', (pattern: string, channel: string) => this.#hear(keyOf.get(pattern)!, channel));
    await redis.psubscribe(...keyOf.keys());
  }

  get isEmpty(): boolean {
    return this.#names.size === 0 && this.#whole.size === 0;
  }

  addWhole(): void {
    this.#whole = new Set(this.#places.keys());
    this.#names.clear();
  }

  /** What has to be looked at, and nothing has then. */
  take(): { readonly whole: readonly string[]; readonly names: ReadonlyMap<string, readonly string[]> } {
    const whole = [...this.#whole];
    const names = Map.groupBy(
      [...this.#names.values()].filter(({ key }) => !this.#whole.has(key)),
      ({ key }) => key,
    );
    this.#names = new Map();
    this.#whole = new Set();
    return { whole, names: new Map([...names].map(([key, rows]) => [key, rows.map(({ name }) => name)])) };
  }

  #hear(key: string, channel: string): void {
    const name = this.#places.get(key)!.nameOf(channel);
    if (name === undefined || this.#names.size >= NAMES_MAX) this.#whole.add(key);
    else this.#names.set(`${key}\0${name}`, { key, name });
    this.#changed();
  }
}
