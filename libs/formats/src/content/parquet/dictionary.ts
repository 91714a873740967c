/** More different values than this, and indexes gain little. */
const VALUES_MAX = 32_768;
const SLOTS = 2 * VALUES_MAX;
const TEXT_BYTES_MAX = 1_048_576;
/** After so many values it is seen whether they repeat. */
const TRIED = 2_048;
const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

/** Finds the different values of a column by their bytes, with one table for all columns. */
export class Dictionary {
  /** Index of a value in `rows` plus 1, or 0. */
  readonly #slots = new Int32Array(SLOTS);
  readonly #hashes = new Int32Array(VALUES_MAX);
  /** Place of the first value of each kind. */
  readonly places = new Int32Array(VALUES_MAX);
  /** Which of them each value is. */
  indexes = new Int32Array(0);
  count = 0;

  /**
   * @param lengths of the values at `starts`; the first `count` of them, none is null
   * @returns `false` when the values don't repeat enough
   */
  build(bytes: Uint8Array, starts: Int32Array, lengths: Int32Array, count: number): boolean {
    this.#slots.fill(0);
    this.count = 0;
    if (this.indexes.length < count) this.indexes = new Int32Array(count);
    let textBytes = 0;
    for (let place = 0; place < count; place++) {
      const known = this.count;
      const index = this.#find(bytes, starts, lengths, place);
      if (index < 0) return false;
      this.indexes[place] = index;
      if (this.count === known) continue;
      textBytes += lengths[place]!;
      if (textBytes > TEXT_BYTES_MAX || (place >= TRIED && this.count * 2 > place)) return false;
    }
    return this.count * 2 <= count;
  }

  #find(bytes: Uint8Array, starts: Int32Array, lengths: Int32Array, place: number): number {
    const start = starts[place]!;
    const length = lengths[place]!;
    let hash = FNV_OFFSET;
    for (let at = start; at < start + length; at++) hash = Math.imul(hash ^ bytes[at]!, FNV_PRIME);
    // Its low bits differ least.
    for (let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const index = this.#slots[slot]! - 1;
      if (index < 0) {
        if (this.count === VALUES_MAX) return -1;
        this.#slots[slot] = this.count + 1;
        this.#hashes[this.count] = hash;
        this.places[this.count] = place;
        return this.count++;
      }
      const other = this.places[index]!;
      if (this.#hashes[index] === hash && lengths[other] === length && isSame(bytes, starts[other]!, start, length))
        return index;
    }
  }
}

function isSame(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (bytes[a + at] !== bytes[b + at]) return false;
  return true;
}
