import { Sender } from './sender.ts';

/** Senders with names, and what snapshots hold of each. */
export class KnownSenders {
  readonly #senders = new Map<string, Sender>();
  readonly #max: number;
  /** What uncommitted snapshots hold. */
  readonly #saved = new Map<number, ReadonlyMap<string, number>>();

  constructor(max: number) {
    this.#max = max;
  }

  /** `undefined`: it is new, and there are too many. */
  get(name: string): Sender | undefined {
    let sender = this.#senders.get(name);
    if (sender === undefined && this.#senders.size < this.#max) {
      sender = new Sender(name);
      this.#senders.set(name, sender);
    }
    return sender;
  }

  restore(text: string): void {
    for (const [name, held] of JSON.parse(text) as [string, number][]) this.#senders.set(name, new Sender(name, held));
  }

  /** What was handed on, as text; the same when it is asked for again. */
  save(snapshotId: number): string {
    let saved = this.#saved.get(snapshotId);
    if (saved === undefined) {
      saved = new Map([...this.#senders.values()].map(({ name, handed }) => [name, handed]));
      this.#saved.set(snapshotId, saved);
    }
    return JSON.stringify([...saved]);
  }

  committed(snapshotId: number): void {
    const held = this.#saved.get(snapshotId);
    for (const id of this.#saved.keys()) if (id <= snapshotId) this.#saved.delete(id);
    for (const [name, number] of held ?? []) this.hold(this.#senders.get(name)!, number);
  }

  hold(sender: Sender, number: number): void {
    if (number <= sender.held) return;
    sender.held = number;
    sender.connection?.tell();
  }
}
