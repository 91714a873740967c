import type { IntTable, NewSlot } from './int-table.ts';

const PAGE_BITS = 12;
const PAGE_KEYS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_KEYS - 1;
/** Keys from here on are not taken: the directory has 8 bytes for each page below the greatest key. */
const KEYS_MAX = 2 ** 28;
/** So many pages are taken however few keys they have. */
const PAGES_MIN = 16;
/** Beyond those, places for each key: with more of them a hash table would be smaller. */
const PLACES_PER_KEY = 8;
/** As few as this before keys move here from a hash table: less than the above, so that they do not move to and fro. */
const PLACES_PER_KEY_DENSE = PLACES_PER_KEY / 2;

/** Keys whose places are read ahead of looking them up. */
const CHUNK = 256;
/** Smaller tables stay in the processor's caches anyway. */
const READ_AHEAD_PAGES_MIN = 32;

/** Whether `count` keys of which this is the greatest (none is negative) are dense enough. */
export const areDense = (greatest: number, count: number): boolean =>
  greatest < KEYS_MAX && greatest < count * PLACES_PER_KEY_DENSE;

/** Stands for every page without keys, so that nothing has to be asked before it is read. */
const EMPTY = new Int32Array(PAGE_KEYS);

/**
 * Slots of integers that lie close together, as identities from a sequence do: a table indexed by the key itself, in pages. A look-up
 * computes no hash, compares no key and reads 4 bytes, those of neighbours side by side; it grows page by page, and never all at once.
 */
export class PagedInts implements IntTable {
  /** By page: of each key its slot plus one, 0 where there is none. */
  readonly #pages: Int32Array[] = [];
  readonly #keysOnPage: number[] = [];
  #pageCount = 0;
  #keyCount = 0;
  /** Pages that have no keys any more; they are there, so they are used however few keys come. */
  #spare: Int32Array[] = [];
  readonly #newSlot: NewSlot;
  readonly #pagesMin: number;
  /** Has no meaning: what is read ahead is kept so that reading it is not optimised away. */
  readAhead = 0;

  /** @param greatest key up to which any key is taken */
  constructor(newSlot: NewSlot, greatest = 0) {
    this.#newSlot = newSlot;
    this.#pagesMin = Math.max(PAGES_MIN, (greatest >>> PAGE_BITS) + 1);
  }

  get byteLength(): number {
    return 4 * PAGE_KEYS * (this.#pageCount + this.#spare.length) + 16 * this.#pages.length;
  }

  intern(keys: Int32Array, start: number, count: number, slots: Int32Array): number {
    if (this.#pageCount < READ_AHEAD_PAGES_MIN) return this.#intern(keys, start, count, slots);
    for (let from = start; from < count; from += CHUNK) {
      const to = Math.min(from + CHUNK, count);
      this.#readAhead(keys, from, to);
      const done = this.#intern(keys, from, to, slots);
      if (done < to) return done;
    }
    return count;
  }

  /**
   * Reads the places of the keys. These reads do not depend on each other, so the processor waits for many at a time; in the look-up
   * there is too much between them for that.
   */
  #readAhead(keys: Int32Array, from: number, to: number): void {
    const pages = this.#pages;
    const { length } = pages;
    let read = 0;
    for (let index = from; index < to; index++) {
      const key = keys[index]!;
      const number = key >>> PAGE_BITS;
      if (number < length) read ^= pages[number]![key & PAGE_MASK]!;
    }
    this.readAhead = read;
  }

  #intern(keys: Int32Array, from: number, count: number, slots: Int32Array): number {
    const pages = this.#pages;
    for (let index = from; index < count; index++) {
      const key = keys[index]!;
      const number = key >>> PAGE_BITS;
      let slot = number < pages.length ? pages[number]![key & PAGE_MASK]! - 1 : -1;
      if (slot === -1) {
        const page = this.#pageFor(key);
        if (page === undefined) return index;
        slot = this.#newSlot(key);
        this.#set(page, key, slot);
      }
      slots[index] = slot;
    }
    return count;
  }

  put(key: number, slot: number): boolean {
    const page = this.#pageFor(key);
    if (page !== undefined) this.#set(page, key, slot);
    return page !== undefined;
  }

  remove(key: number): void {
    const number = key >>> PAGE_BITS;
    this.#pages[number]![key & PAGE_MASK] = 0;
    this.#keyCount -= 1;
    if (--this.#keysOnPage[number]! === 0) this.#drop(number);
  }

  clear(): void {
    for (const [number, page] of this.#pages.entries()) {
      if (page === EMPTY) continue;
      page.fill(0);
      this.#keysOnPage[number] = 0;
      this.#drop(number);
    }
    this.#keyCount = 0;
  }

  #set(page: Int32Array, key: number, slot: number): void {
    page[key & PAGE_MASK] = slot + 1;
    this.#keysOnPage[key >>> PAGE_BITS]! += 1;
    this.#keyCount += 1;
  }

  /** The page of this key, a new one if need be; `undefined` where that is refused. */
  #pageFor(key: number): Int32Array | undefined {
    if (key < 0 || key >= KEYS_MAX) return undefined;
    const number = key >>> PAGE_BITS;
    const known = this.#pages[number];
    if (known !== undefined && known !== EMPTY) return known;
    if (this.#spare.length === 0 && !this.#mayGrow) return undefined;
    while (this.#pages.length <= number) {
      this.#pages.push(EMPTY);
      this.#keysOnPage.push(0);
    }
    const page = this.#spare.pop() ?? new Int32Array(PAGE_KEYS);
    this.#pages[number] = page;
    this.#pageCount += 1;
    return page;
  }

  get #mayGrow(): boolean {
    return this.#pageCount < this.#pagesMin || this.#pageCount * PAGE_KEYS <= this.#keyCount * PLACES_PER_KEY;
  }

  /** The page has no keys any more: its memory serves another one. */
  #drop(number: number): void {
    this.#spare.push(this.#pages[number]!);
    this.#pages[number] = EMPTY;
    this.#pageCount -= 1;
  }
}
