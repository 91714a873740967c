import { types } from 'node:util';
import type { Batch, Outbox, Watermark } from '@millrace/engine';
import { deepFreeze } from './deep-freeze.ts';

/** A processor broke its contract in a test. */
export class ContractBroken extends Error {
  override readonly name = 'ContractBroken';
}

/**
 * Takes what a processor emits, unkindly: it can refuse every other offer, insists on getting a refused item first and again,
 * freezes rows and takes buffers away from the batches it has accepted, as an edge to another thread does.
 */
export class HostileOutbox implements Outbox {
  readonly edgeCount: number;
  /** What each edge has taken, in order. */
  readonly accepted: (Batch | Watermark)[][];
  readonly #refusesEveryOther: boolean;
  #offers = 0;
  #callback: string | undefined;
  #refused: { readonly item: Batch | Watermark; readonly ordinal: number | undefined } | undefined;
  #hasRefused = false;

  constructor(edgeCount: number, refusesEveryOther: boolean) {
    this.edgeCount = edgeCount;
    this.accepted = Array.from({ length: edgeCount }, () => []);
    this.#refusesEveryOther = refusesEveryOther;
  }

  /** The callback that ran last ended with a refused offer. */
  get hasRefused(): boolean {
    return this.#hasRefused;
  }

  get acceptedCount(): number {
    return this.accepted.reduce((total, items) => total + items.length, 0);
  }

  open(callback: string): void {
    this.#callback = callback;
    this.#hasRefused = false;
  }

  close(isDone: boolean): void {
    if (isDone && this.#hasRefused)
      throw new ContractBroken(`${this.#callback} returned true although its offer was refused`);
    this.#callback = undefined;
  }

  /** Another instance goes on: it never saw the refused item. */
  forget(): void {
    this.#refused = undefined;
  }

  offer(item: Batch | Watermark): boolean {
    return this.#offer(item, undefined);
  }

  offerTo(ordinal: number, item: Batch | Watermark): boolean {
    if (ordinal < 0 || ordinal >= this.edgeCount) throw new ContractBroken(`there is no outgoing edge ${ordinal}`);
    return this.#offer(item, ordinal);
  }

  #offer(item: Batch | Watermark, ordinal: number | undefined): boolean {
    if (this.#callback === undefined) throw new ContractBroken('an item was offered outside a callback');
    if (this.#hasRefused) throw new ContractBroken(`${this.#callback} went on offering after a refusal`);
    if (this.#refused !== undefined && (this.#refused.item !== item || this.#refused.ordinal !== ordinal)) {
      throw new ContractBroken(`${this.#callback} offered something else than the item that was refused before`);
    }
    this.#offers += 1;
    if (this.#refusesEveryOther && this.#offers % 2 === 1) {
      this.#refused = { item, ordinal };
      this.#hasRefused = true;
      return false;
    }
    this.#refused = undefined;
    const taken = take(item);
    for (const [edge, items] of this.accepted.entries())
      if (ordinal === undefined || ordinal === edge) items.push(taken);
    return true;
  }
}

/** Rows are frozen; of bytes the buffers are taken, so that a processor that still uses them is found out. */
function take(item: Batch | Watermark): Batch | Watermark {
  // Typed arrays cannot be frozen: a copy stays as it was when the processor fills them again.
  if (item.kind === 'columns') return structuredClone(item);
  if (item.kind !== 'bytes') return deepFreeze(item);
  const owned = new Set<ArrayBuffer>();
  for (const value of Object.values(item)) {
    if (!ArrayBuffer.isView(value) || !types.isArrayBuffer(value.buffer)) continue;
    if (value.byteLength === value.buffer.byteLength) owned.add(value.buffer);
  }
  return structuredClone(item, { transfer: [...owned] });
}
