import { type Arrived, type Decode, writeDecoder } from './decoder-code.ts';
import { type Encode, type Scratch, type Stored, writeEncoder } from './encoder-code.ts';
import { type KindLayout, type LeafStore, layoutOf } from './kind-layout.ts';
import type { ValueKind } from './value-kind.ts';

/** Values in the form in which they are posted. */
export interface EncodedValues {
  /** All arrays of numbers one after the other. */
  readonly bytes: ArrayBuffer;
  /** By leaf. */
  readonly counts: readonly number[];
  readonly texts: readonly string[];
  /** By leaf: values for structured clone. */
  readonly values: readonly (unknown[] | undefined)[];
}

const ARRAYS = { Int32Array, Float64Array, Uint8Array, BigInt64Array };
type NumberStore = keyof typeof ARRAYS;

/** Every array begins at a multiple of the largest element. */
const aligned = (bytes: number): number => (bytes + 7) & ~7;

class EncoderScratch implements Scratch {
  readonly arrays: Scratch['arrays'];
  readonly #leaves: readonly LeafStore[];

  constructor(leaves: readonly LeafStore[]) {
    this.#leaves = leaves;
    this.arrays = leaves.map((store) => (store === 'values' ? undefined : new ARRAYS[store](0)));
  }

  /** Room for one value of each row. */
  reserve(length: number): void {
    for (let leaf = 0; leaf < this.arrays.length; leaf++) {
      const array = this.arrays[leaf];
      if (array !== undefined && array.length < length) this.arrays[leaf] = this.#larger(leaf, length);
    }
  }

  grow(leaf: number, length: number): unknown {
    const old = this.arrays[leaf]!;
    const array = this.#larger(leaf, length * 2);
    array.set(old as never);
    this.arrays[leaf] = array;
    return array;
  }

  #larger(leaf: number, length: number): NonNullable<Scratch['arrays'][number]> {
    return new ARRAYS[this.#leaves[leaf] as NumberStore](length);
  }
}

/** Encodes and decodes values of one kind by loops that are generated for it when they are first needed. */
export class ValuesCodec {
  readonly kind: ValueKind;
  readonly #layout: KindLayout;
  #encode: Encode | undefined;
  #decode: Decode | undefined;
  readonly #scratch: EncoderScratch;

  constructor(kind: ValueKind) {
    this.kind = kind;
    this.#layout = layoutOf(kind);
    this.#scratch = new EncoderScratch(this.#layout.leaves);
  }

  /** The values encoded, or the index of the first that is not of this kind. */
  encode(values: readonly unknown[]): EncodedValues | number {
    this.#encode ??= writeEncoder(this.#layout);
    this.#scratch.reserve(values.length);
    const stored: Stored = { counts: [], values: [], texts: [] };
    const count = this.#encode(values, this.#scratch, stored);
    if (count < values.length) return count;
    return { ...stored, bytes: this.#joined(stored.counts) };
  }

  decode({ bytes, counts, values, texts }: EncodedValues, length: number): unknown[] {
    this.#decode ??= writeDecoder(this.#layout);
    let offset = 0;
    const arrays = this.#layout.leaves.map((store, leaf): Arrived['arrays'][number] => {
      if (store === 'values') return values[leaf]!;
      const array = new ARRAYS[store](bytes, offset, counts[leaf]);
      offset += aligned(array.byteLength);
      return array;
    });
    return this.#decode({ arrays, texts }, length);
  }

  #joined(counts: readonly number[]): ArrayBuffer {
    const { leaves } = this.#layout;
    let byteLength = 0;
    leaves.forEach((store, leaf) => {
      if (store !== 'values') byteLength += aligned(counts[leaf]! * ARRAYS[store].BYTES_PER_ELEMENT);
    });
    const bytes = new ArrayBuffer(byteLength);
    let offset = 0;
    leaves.forEach((store, leaf) => {
      if (store === 'values') return;
      const array = new ARRAYS[store](bytes, offset, counts[leaf]);
      array.set(this.#scratch.arrays[leaf]!.subarray(0, counts[leaf]) as never);
      offset += aligned(array.byteLength);
    });
    return bytes;
  }
}
