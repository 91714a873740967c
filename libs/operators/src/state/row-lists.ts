import type { ColumnBatch, ColumnSchema, ColumnValues } from '@millrace/engine';
import { rowAt } from '../loop/interpret.ts';
import {
  type PackedForm,
  type PackedMemory,
  packedSchemaOf,
  packerOf,
  type RowPacker,
  widenedForm,
} from './packed-rows.ts';

/** Rows whose memory is taken in one piece. */
const CHUNK_BITS = 12;
const CHUNK_ROWS = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_ROWS - 1;
const VALUE_BYTES_ESTIMATE = 64;

/** Rows kept as they are: those that have no form in common. */
const OBJECTS: RowPacker = {
  form: { names: [], kinds: [] },
  stride: 2,
  write(memory, at, row) {
    memory.values[at] = row;
    return true;
  },
  read: (memory, at) => memory.values[at],
};

const ONE_SLOT = new Int32Array(1);
/** Lists that are read ahead in one go: few enough that what was read is still in the processor's cache when it is used. */
export const READ_AHEAD_LISTS = 64;
/** Rows of a list that are read ahead. */
const READ_AHEAD_ROWS = 8;
/** Fewer rows stay in the processor's caches anyway. */
const READ_AHEAD_CHUNKS_MIN = 8;

interface Chunk extends PackedMemory {
  readonly packer: RowPacker;
}

/**
 * A list of rows for each slot. Rows that are plain objects of one form are packed into typed arrays and made again when a list is read: the
 * garbage collector would have to copy and mark each of the objects for as long as the lists live, and that costs more than all else
 * that is done with them. The lists are chains from the newest row to the oldest: a row is written once, and no other is touched for it.
 */
export class RowLists {
  /** Newest row of each slot's list: number plus one, 0 for none. */
  #heads: Int32Array;
  #chunks: Chunk[] = [];
  /** Chunks emptied, to be filled again. */
  #spare: Chunk[] = [];
  #packer: RowPacker | undefined;
  /** The row to be written next, within the last chunk. */
  #next = CHUNK_ROWS;
  /** Slots that have a list. */
  #used = 0;
  readonly #ahead = new Int32Array(READ_AHEAD_LISTS);

  constructor(capacity: number) {
    this.#heads = new Int32Array(capacity);
  }

  /** Slots there is room for. */
  get length(): number {
    return this.#heads.length;
  }

  /** Values that are not numbers are an estimate. */
  get byteLength(): number {
    let bytes = 4 * this.length;
    for (const { ints, values } of this.#chunks) bytes += ints.byteLength + values.length * VALUE_BYTES_ESTIMATE;
    return bytes;
  }

  grow(capacity: number): void {
    this.#heads = enlarged(this.#heads, capacity);
  }

  /** Appends rows: row i to the list of `slots[i]`. */
  push(slots: Int32Array, rows: readonly unknown[], from: number, to: number): void {
    for (let index = from; index < to; index++) this.#append(slots[index]!, rows[index]);
  }

  /** The same for rows in columns without nulls. */
  pushColumns(
    slots: Int32Array,
    schema: ColumnSchema,
    columns: readonly ColumnValues[],
    from: number,
    to: number,
  ): void {
    const { packer, pack } = packedSchemaOf(schema);
    if (this.#packer === undefined) this.#use(packer);
    if (this.#packer !== packer) {
      const batch: ColumnBatch = { kind: 'columns', length: to, byteLength: 0, schema, columns };
      for (let index = from; index < to; index++) this.#append(slots[index]!, rowAt(batch, index));
      return;
    }
    for (let index = from; index < to; ) {
      if (this.#next === CHUNK_ROWS) this.#addChunk(packer);
      const chunk = this.#chunks.at(-1)!;
      const count = Math.min(to - index, CHUNK_ROWS - this.#next);
      pack(chunk, this.#next, columns, index, count);
      this.#link(chunk, slots, index, count);
      index += count;
    }
  }

  /** Appends all these rows to one list. */
  append(slot: number, rows: readonly unknown[]): void {
    for (const row of rows) this.#append(slot, row);
  }

  /** The list in an array that is the caller's; `undefined` where there is none. */
  get(slot: number): unknown[] | undefined {
    let number = this.#heads[slot]!;
    if (number === 0) return undefined;
    const list: unknown[] = [];
    do {
      const chunk = this.#chunks[(number - 1) >> CHUNK_BITS]!;
      const at = (number - 1) & CHUNK_MASK;
      list.push(chunk.packer.read(chunk, at));
      number = chunk.ints[at * chunk.packer.stride]!;
    } while (number !== 0);
    return list.length === 1 ? list : list.reverse();
  }

  /**
   * Reads the lists of `slots[from]` … `slots[to - 1]`, at most `READ_AHEAD_LISTS`, all first rows, then all second ones: those reads do not
   * depend on each other, so the processor waits for many at a time, and not for each row as in `get`.
   */
  readAhead(slots: Int32Array, from: number, to: number): void {
    const chunks = this.#chunks;
    if (chunks.length < READ_AHEAD_CHUNKS_MIN) return;
    const ahead = this.#ahead;
    let count = 0;
    for (let index = from; index < to; index++) {
      const number = this.#heads[slots[index]!]!;
      if (number !== 0) ahead[count++] = number;
    }
    for (let row = 0; row < READ_AHEAD_ROWS && count > 0; row++) {
      let left = 0;
      for (let index = 0; index < count; index++) {
        const number = ahead[index]! - 1;
        const { ints, packer } = chunks[number >> CHUNK_BITS]!;
        const next = ints[(number & CHUNK_MASK) * packer.stride]!;
        if (next !== 0) ahead[left++] = next;
      }
      count = left;
    }
  }

  /** Empties the lists of slots `from` to `to`. The memory of their rows is used again when no list is left. */
  clear(from: number, to: number): void {
    const heads = this.#heads;
    for (let slot = from; slot < Math.min(to, heads.length); slot++) {
      if (heads[slot] !== 0) this.#used -= 1;
      heads[slot] = 0;
    }
    if (this.#used > 0) return;
    for (const chunk of this.#chunks) {
      chunk.values.length = 0;
      if (chunk.packer === this.#packer) this.#spare.push(chunk);
    }
    this.#chunks = [];
    this.#next = CHUNK_ROWS;
  }

  #append(slot: number, row: unknown): void {
    if (this.#next === CHUNK_ROWS) this.#addChunk(this.#packer ?? this.#use(packerFor(undefined, row)));
    let chunk = this.#chunks.at(-1)!;
    if (!chunk.packer.write(chunk, this.#next, row)) {
      // It and those after it go into a chunk of a form that holds it as well.
      chunk = this.#addChunk(this.#use(packerFor(this.#packer!.form, row)));
      chunk.packer.write(chunk, 0, row);
    }
    ONE_SLOT[0] = slot;
    this.#link(chunk, ONE_SLOT, 0, 1);
  }

  /** Puts the next `count` rows of the chunk before the lists of `slots` from `from` on. */
  #link({ ints, packer }: Chunk, slots: Int32Array, from: number, count: number): void {
    const heads = this.#heads;
    const { stride } = packer;
    let number = ((this.#chunks.length - 1) << CHUNK_BITS) + this.#next;
    let word = this.#next * stride;
    let used = this.#used;
    for (let index = from; index < from + count; index++) {
      const slot = slots[index]!;
      const last = heads[slot]!;
      if (last === 0) used += 1;
      ints[word] = last;
      heads[slot] = ++number;
      word += stride;
    }
    this.#used = used;
    this.#next += count;
  }

  #addChunk(packer: RowPacker): Chunk {
    const chunk = this.#spare.pop() ?? newChunk(packer);
    this.#chunks.push(chunk);
    this.#next = 0;
    return chunk;
  }

  #use(packer: RowPacker): RowPacker {
    this.#packer = packer;
    this.#spare = [];
    this.#next = CHUNK_ROWS;
    return packer;
  }
}

/** For rows of `form` and this one. */
function packerFor(form: PackedForm | undefined, row: unknown): RowPacker {
  const wider = widenedForm(form, row);
  return wider === undefined ? OBJECTS : packerOf(wider);
}

function newChunk(packer: RowPacker): Chunk {
  const bytes = new ArrayBuffer(CHUNK_ROWS * packer.stride * 4);
  return { packer, ints: new Int32Array(bytes), floats: new Float64Array(bytes), values: [] };
}

function enlarged(old: Int32Array, capacity: number): Int32Array {
  const larger = new Int32Array(capacity);
  larger.set(old);
  return larger;
}
