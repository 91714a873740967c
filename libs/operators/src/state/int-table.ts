/** Finds the slots of 32-bit integer keys. Slots are numbers from 0 on; who owns the table gives them out. */
export interface IntTable {
  readonly byteLength: number;
  /**
   * Slots of `keys` from number `from` up to `count`, into `slots`; keys it does not have get new ones.
   * @returns up to where it has come: less than `count` when it can't take a key, which has no slot then.
   */
  intern(keys: Int32Array, from: number, count: number, slots: Int32Array): number;
  /** Takes a key it does not have. `false`: it can't. */
  put(key: number, slot: number): boolean;
  /** Forgets a key it has. */
  remove(key: number): void;
  /** Forgets all keys and keeps the room for as many. */
  clear(): void;
}

/** Gives a new slot to a key. */
export type NewSlot = (key: number) => number;
