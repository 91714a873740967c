import { EVERY_INSTANCE, PARTITION_COUNT, type SnapshotEntry, type SnapshotWriter } from '@millrace/engine';
import { ContractBroken } from './hostile-outbox.ts';

/** Collects snapshot entries and refuses every other offer; a refused entry has to come again first. */
export class HostileWriter implements SnapshotWriter {
  readonly entries: SnapshotEntry[] = [];
  readonly #refusesEveryOther: boolean;
  readonly #names = new Set<string>();
  #offers = 0;
  #refused: string | undefined;

  constructor(refusesEveryOther: boolean) {
    this.#refusesEveryOther = refusesEveryOther;
  }

  get hasRefused(): boolean {
    return this.#refused !== undefined;
  }

  offer({ partition, key, value }: SnapshotEntry): boolean {
    const name = `${partition}/${key}`;
    if (!Number.isInteger(partition) || partition < EVERY_INSTANCE || partition >= PARTITION_COUNT) {
      throw new ContractBroken(`snapshot entry ${key} has partition ${partition}`);
    }
    if (this.#refused !== undefined && this.#refused !== name) {
      throw new ContractBroken(`snapshot entry ${name} was offered instead of the refused ${this.#refused}`);
    }
    this.#offers += 1;
    if (this.#refusesEveryOther && this.#offers % 2 === 1) {
      this.#refused = name;
      return false;
    }
    this.#refused = undefined;
    if (this.#names.has(name)) throw new ContractBroken(`snapshot entry ${name} was saved twice`);
    this.#names.add(name);
    this.entries.push({ partition, key, value: Uint8Array.prototype.slice.call(value) });
    return true;
  }
}
