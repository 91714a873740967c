import type { Received } from '../server/receiving-link.ts';

/** A message that the job has got and the broker still holds for it. */
export interface Held {
  readonly received: Received;
  /** Of the message; `undefined` where duplicates are allowed. */
  readonly id: string | undefined;
}

/**
 * Messages in the order in which they were handed on, until it is certain that the broker has forgotten them, and the ids of those that an execution
 * before this one held: a message that comes again is one of them.
 */
export class Unacknowledged {
  #held: Held[] = [];
  /** Messages that were ever handed on, of which the last ones are `#held`. */
  #count = 0;
  readonly #ids = new Map<string, number>();
  readonly #remembered = new Set<string>();

  get size(): number {
    return this.#held.length;
  }

  /** How many were handed on so far: what a snapshot covers. */
  get count(): number {
    return this.#count;
  }

  /** Ids by which a message that comes again is known, by this execution and by those that go on from its snapshot. */
  get ids(): readonly string[] {
    return [...this.#ids.keys()];
  }

  get remembered(): readonly string[] {
    return [...this.#remembered];
  }

  remember(ids: Iterable<string>): void {
    for (const id of ids) this.#remembered.add(id);
  }

  forgetRemembered(): void {
    this.#remembered.clear();
  }

  knows(id: string): boolean {
    return this.#ids.has(id) || this.#remembered.has(id);
  }

  add(held: readonly Held[]): void {
    this.#count += held.length;
    for (const each of held) {
      this.#held.push(each);
      if (each.id !== undefined) this.#ids.set(each.id, (this.#ids.get(each.id) ?? 0) + 1);
    }
  }

  /** The oldest ones, up to the first `count` that were ever handed on, at most so many. */
  upTo(count: number, most: number): readonly Held[] {
    const due = this.#held.length - (this.#count - count);
    return this.#held.slice(0, Math.min(due, most));
  }

  /** The broker will not send the oldest ones again. */
  forget(held: readonly Held[]): void {
    this.#held.splice(0, held.length);
    for (const { id } of held) {
      if (id === undefined) continue;
      const left = this.#ids.get(id)! - 1;
      if (left > 0) this.#ids.set(id, left);
      else this.#ids.delete(id);
      this.#remembered.delete(id);
    }
  }
}
