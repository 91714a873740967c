import { types } from 'node:util';

const VIEWS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

/**
 * What arrives of a posted message, by the rules of structured clone: copies all the way down, transferred buffers are detached from
 * the sender, functions cannot be sent. Not `structuredClone` itself: that makes objects of another realm when it is called in a sandbox
 * such as Jest's, and knows no ports but Node's.
 * @throws TypeError for what cannot be cloned
 */
export function cloneMessage(message: unknown, transfer: readonly unknown[] = []): unknown {
  return new MessageClone(transfer).of(message);
}

class MessageClone {
  readonly #transfer: ReadonlySet<unknown>;
  /** What has been cloned: shared references stay shared. */
  readonly #known = new Map<object, unknown>();

  constructor(transfer: readonly unknown[]) {
    this.#transfer = new Set(transfer);
  }

  of(value: unknown): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw new TypeError(`a ${typeof value} cannot be sent to another thread`);
    }
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#known.get(value);
    return known === undefined ? this.#object(value) : known;
  }

  #object(value: object): unknown {
    if (types.isSharedArrayBuffer(value)) return value;
    if (types.isAnyArrayBuffer(value)) return this.#keep(value, this.#buffer(value as ArrayBuffer));
    // A port moves as it is.
    if (this.#transfer.has(value)) return value;
    if (ArrayBuffer.isView(value)) return this.#keep(value, this.#view(value));
    if (types.isDate(value)) return this.#keep(value, new Date(value));
    if (types.isMap(value)) {
      const map = this.#keep(value, new Map<unknown, unknown>());
      for (const [key, each] of value) map.set(this.of(key), this.of(each));
      return map;
    }
    if (types.isSet(value)) {
      const set = this.#keep(value, new Set<unknown>());
      for (const each of value) set.add(this.of(each));
      return set;
    }
    if (Array.isArray(value)) {
      const array: unknown[] = this.#keep(value, []);
      for (const each of value) array.push(this.of(each));
      return array;
    }
    const object: Record<string, unknown> = this.#keep(value, {});
    // Not by assignment: `__proto__` is a name like any other.
    for (const [key, each] of Object.entries(value)) {
      const own = { value: this.of(each), enumerable: true, writable: true, configurable: true };
      Object.defineProperty(object, key, own);
    }
    return object;
  }

  #keep<Clone>(value: object, clone: Clone): Clone {
    this.#known.set(value, clone);
    return clone;
  }

  #buffer(buffer: ArrayBuffer): ArrayBuffer {
    return this.#transfer.has(buffer) ? buffer.transfer() : buffer.slice(0);
  }

  #view(view: ArrayBufferView): unknown {
    // Read before a transfer empties the view.
    const { byteOffset, byteLength } = view;
    const name = (view as unknown as { readonly [Symbol.toStringTag]: string })[Symbol.toStringTag];
    if (types.isDataView(view)) return new DataView(this.of(view.buffer) as ArrayBuffer, byteOffset, byteLength);
    const View = VIEWS[name as keyof typeof VIEWS] as typeof Uint8Array;
    return new View(this.of(view.buffer) as ArrayBuffer, byteOffset, byteLength / View.BYTES_PER_ELEMENT);
  }
}
