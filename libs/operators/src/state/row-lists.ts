import { type PackedMemory, packerOf, type RowPacker, widenedForm } from './packed-rows.ts';

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

interface Chunk extends PackedMemory {
  readonly packer: RowPacker;
}

/**
 * A list of rows for each slot. Rows that are plain objects of one form are packed into typed arrays and made again when a list is read: the
 * garbage collector would have to copy and mark each of the objects for as long as the lists live, and that costs more than all else
 * that is done with them. The lists are chains, so that a row is written once and lists do not have to grow.
 */
export class RowLists {
  /** First and last row of each slot's list: number plus one, 0 for none. */
  #heads: Int32Array;
  #tails: Int32Array;
  #chunks: Chunk[] = [];
  /** Chunks emptied, to be filled again. */
  #spare: Chunk[] = [];
  #packer: RowPacker | undefined;
  /** The row to be written next, within the last chunk. */
  #next = CHUNK_ROWS;
  /** Slots from here on have no list. */
  #slotEnd = 0;

  constructor(capacity: number) {
    this.#heads = new Int32Array(capacity);
    this.#tails = new Int32Array(capacity);
  }

  /** Slots there is room for. */
  get length(): number {
    return this.#heads.length;
  }

  /** Values that are not numbers are an estimate. */
  get byteLength(): number {
    let bytes = 8 * this.length;
    for (const { ints, values } of this.#chunks) bytes += ints.byteLength + values.length * VALUE_BYTES_ESTIMATE;
    return bytes;
  }

  grow(capacity: number): void {
    this.#heads = enlarged(this.#heads, capacity);
    this.#tails = enlarged(this.#tails, capacity);
  }

  /** Appends rows: row i to the list of `slots[i]`. */
  push(slots: Int32Array, rows: readonly unknown[], from: number, to: number): void {
    for (let index = from; index < to; index++) this.#append(slots[index]!, rows[index]);
  }

  /** Appends all these rows to one list. */
  append(slot: number, rows: readonly unknown[]): void {
    for (const row of rows) this.#append(slot, row);
  }

  /** The list in an array that is the caller's; `undefined` where there is none. */
  get(slot: number): unknown[] | undefined {
    let row = this.#heads[slot]!;
    if (row === 0) return undefined;
    const list: unknown[] = [];
    do {
      const chunk = this.#chunks[(row - 1) >> CHUNK_BITS]!;
      const at = (row - 1) & CHUNK_MASK;
      list.push(chunk.packer.read(chunk, at));
      row = chunk.ints[at * chunk.packer.stride]!;
    } while (row !== 0);
    return list;
  }

  /** Empties the lists of slots `from` to `to`. The memory of their rows is used again when no list is left. */
  clear(from: number, to: number): void {
    this.#heads.fill(0, from, to);
    if (to < this.#slotEnd) return;
    this.#slotEnd = Math.min(this.#slotEnd, from);
    if (this.#slotEnd > 0) return;
    for (const chunk of this.#chunks) {
      chunk.values.length = 0;
      if (chunk.packer === this.#packer) this.#spare.push(chunk);
    }
    this.#chunks = [];
    this.#next = CHUNK_ROWS;
  }

  #append(slot: number, row: unknown): void {
    if (this.#next === CHUNK_ROWS) this.#addChunk(row);
    let chunk = this.#chunks.at(-1)!;
    if (!chunk.packer.write(chunk, this.#next, row)) chunk = this.#writeWider(row);
    const at = this.#next++;
    chunk.ints[at * chunk.packer.stride] = 0;
    const number = ((this.#chunks.length - 1) << CHUNK_BITS) + at + 1;
    if (this.#heads[slot] === 0) {
      this.#heads[slot] = number;
      if (slot >= this.#slotEnd) this.#slotEnd = slot + 1;
    } else {
      const last = this.#tails[slot]! - 1;
      const { ints, packer } = this.#chunks[last >> CHUNK_BITS]!;
      ints[(last & CHUNK_MASK) * packer.stride] = number;
    }
    this.#tails[slot] = number;
  }

  /** The row does not fit: it and those after it go into a chunk of a form that holds it as well. */
  #writeWider(row: unknown): Chunk {
    const form = widenedForm(this.#packer!.form, row);
    this.#use(form === undefined ? OBJECTS : packerOf(form));
    this.#addChunk(row);
    const chunk = this.#chunks.at(-1)!;
    chunk.packer.write(chunk, 0, row);
    return chunk;
  }

  #addChunk(row: unknown): void {
    if (this.#packer === undefined) {
      const form = widenedForm(undefined, row);
      this.#use(form === undefined ? OBJECTS : packerOf(form));
    }
    const packer = this.#packer!;
    this.#chunks.push(this.#spare.pop() ?? newChunk(packer));
    this.#next = 0;
  }

  #use(packer: RowPacker): void {
    this.#packer = packer;
    this.#spare = [];
  }
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
