import { assert } from '@millrace/kernel';
import { type LoadRange, todoUnit } from './load-unit.ts';
import { compareKeys, type Key } from './table-key.ts';

/** The ranges of a table: in key order, without gaps, from the beginning of the key space to its end. */
export class RangeMap {
  #ranges: LoadRange[];

  constructor(ranges: LoadRange[] = [{ ...todoUnit(), from: undefined, to: undefined }]) {
    this.#ranges = ranges;
  }

  get all(): readonly LoadRange[] {
    return this.#ranges;
  }

  /** The only range, when there is one: then no key needs to be looked at. */
  get single(): LoadRange | undefined {
    return this.#ranges.length === 1 ? this.#ranges[0] : undefined;
  }

  get tail(): LoadRange {
    return this.#ranges[this.#ranges.length - 1]!;
  }

  find(key: Key): LoadRange {
    let low = 0;
    let high = this.#ranges.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareKeys(key, this.#ranges[middle]!.to!) < 0) high = middle;
      else low = middle + 1;
    }
    return this.#ranges[low]!;
  }

  /** Ends the last range, which is not begun, at `key` and adds the rest of the key space as a new last range. */
  splitTail(key: Key): void {
    const tail = this.tail;
    assert(tail.state === 'todo' && !tail.isClaimed, 'only a range that is not begun is split');
    assert(tail.from === undefined || compareKeys(tail.from, key) < 0, 'ranges grow upwards');
    this.#ranges[this.#ranges.length - 1] = { ...tail, to: key };
    this.#ranges.push({ ...todoUnit(), from: key, to: undefined });
  }

  /** Neighbours that are passed become one range. */
  mergePassed(): void {
    const merged: LoadRange[] = [];
    for (const range of this.#ranges) {
      const last = merged[merged.length - 1];
      if (last?.state === 'passed' && range.state === 'passed') merged[merged.length - 1] = { ...last, to: range.to };
      else merged.push(range);
    }
    this.#ranges = merged;
  }
}
