import type { EventRecord } from '@millrace/formats';

/** Records of a key that wait in memory while its letters come back; more become letters as well. */
const WAITING_MAX = 1_000;

/** A key of which records are set aside. */
interface Parked {
  /** Letters that are not settled, ascending. */
  readonly numbers: number[];
  /** The letter that was refused again: later ones must not overtake it. */
  refusedAgain: number | undefined;
  /** All letters are coming back: what comes meanwhile waits here and follows them. */
  isComingBack: boolean;
  readonly waiting: EventRecord[];
}

export type SavedParked = readonly (readonly [key: string, parked: Parked])[];

/** What may be done with a letter that comes back. */
export type Return = 'process' | 'set-aside';

/**
 * Keeps order per key while records of it are set aside: later records of the key are set aside behind them, letters come back in their
 * order, and what arrives while the last of them do waits for these.
 */
export class ParkedKeys {
  readonly #keys = new Map<string, Parked>();
  #waiting = 0;

  get size(): number {
    return this.#keys.size;
  }

  has(key: string | undefined): boolean {
    return key !== undefined && this.#keys.has(key);
  }

  /** An earlier letter of the key came back and was refused again. */
  isBehindRefused(key: string | undefined, number: number): boolean {
    const refused = key === undefined ? undefined : this.#keys.get(key)?.refusedAgain;
    return refused !== undefined && number > refused;
  }

  /** A record of the key was set aside as this letter. @returns records that waited and now have to be set aside behind it */
  park(key: string, number: number): readonly EventRecord[] {
    let parked = this.#keys.get(key);
    if (parked === undefined) {
      parked = { numbers: [], refusedAgain: undefined, isComingBack: false, waiting: [] };
      this.#keys.set(key, parked);
    }
    const at = parked.numbers.findIndex((other) => other >= number);
    if (at < 0) parked.numbers.push(number);
    else if (parked.numbers[at] !== number) parked.numbers.splice(at, 0, number);
    return this.#giveUp(parked);
  }

  /** A letter came back and was refused again. @returns as `park` */
  refuseAgain(key: string, number: number): readonly EventRecord[] {
    const waiting = this.park(key, number);
    this.#keys.get(key)!.refusedAgain = number;
    return waiting;
  }

  /** A record of a parked key came. `true`: it waits here; `false`: it becomes a letter. */
  wait(key: string, record: () => EventRecord): boolean {
    const parked = this.#keys.get(key);
    if (parked?.isComingBack !== true || this.#waiting >= WAITING_MAX) return false;
    parked.waiting.push(record());
    this.#waiting += 1;
    return true;
  }

  /**
   * A letter comes back.
   * @param leavesOthers letters of the key stay set aside
   */
  comeBack(key: string, number: number, leavesOthers: boolean): Return {
    const parked = this.#keys.get(key);
    if (parked === undefined) return 'process';
    const isLate = parked.refusedAgain !== undefined && number > parked.refusedAgain;
    if (isLate || (parked.numbers[0] !== undefined && parked.numbers[0] < number)) return 'set-aside';
    parked.refusedAgain = undefined;
    if (parked.numbers[0] === number) parked.numbers.shift();
    parked.isComingBack = !leavesOthers;
    return 'process';
  }

  /** Somebody gave a letter up. */
  discard(key: string, number: number): void {
    const parked = this.#keys.get(key);
    if (parked === undefined) return;
    const at = parked.numbers.indexOf(number);
    if (at >= 0) parked.numbers.splice(at, 1);
    if (parked.refusedAgain === number) parked.refusedAgain = undefined;
  }

  /** When all letters of a key have been settled it is free: what waited is to be processed now. */
  free(key: string): readonly EventRecord[] {
    const parked = this.#keys.get(key);
    if (parked === undefined || parked.numbers.length > 0) return [];
    this.#keys.delete(key);
    this.#waiting -= parked.waiting.length;
    return parked.waiting;
  }

  save(): SavedParked {
    return [...this.#keys];
  }

  restore(saved: SavedParked): void {
    for (const [key, parked] of saved) {
      this.#keys.set(key, { ...parked, refusedAgain: parked.refusedAgain ?? undefined });
      this.#waiting += parked.waiting.length;
    }
  }

  #giveUp(parked: Parked): readonly EventRecord[] {
    parked.isComingBack = false;
    this.#waiting -= parked.waiting.length;
    return parked.waiting.splice(0);
  }
}
