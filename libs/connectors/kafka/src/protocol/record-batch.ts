import { crc32c } from '@node-rs/crc32';
import { putVarint, varintLength } from './varint.ts';

/** Bytes before the first record. */
const HEADER_BYTES = 61;
const CAPACITY_START = 16_384;
/** Bytes a record takes beside key, value and headers, at most: its length, attributes, two deltas, two lengths. */
const RECORD_OVERHEAD_MAX = 5 + 1 + 9 + 5 + 5 + 5;

const MAGIC = 2;
const TRANSACTIONAL = 0x10;

/** Headers of a record, encoded: their number, then name and value of each. */
export type EncodedHeaders = Uint8Array;
export const NO_HEADERS: EncodedHeaders = Uint8Array.of(0);

/** What a batch says of its producer. */
export interface ProducerState {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly sequence: number;
  readonly isTransactional: boolean;
}

export interface Compression {
  /** Bits 0 to 2 of the batch's attributes. */
  readonly code: number;
  /** `undefined`: as it is. */
  compress: ((records: Buffer) => Buffer | Promise<Buffer>) | undefined;
  /** The same bytes, at once. */
  compressNow: (records: Buffer) => Buffer;
}

/**
 * Records of one partition, written once into one buffer as they go over the wire (record batch, magic 2).
 * https://kafka.apache.org/documentation/#recordbatch
 */
export class RecordBatch {
  count = 0;
  readonly #bytesMax: number;
  #bytes: Buffer;
  #length = HEADER_BYTES;
  #baseTimeMs = 0;
  #maxTimeMs = 0;
  #packed: Promise<Buffer> | undefined;

  /** @param bytesMax of the whole batch, except that the first record always fits */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(bytesMax, CAPACITY_START));
  }

  get byteLength(): number {
    return this.#length;
  }

  /** Bytes of memory it has. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** Adds a record, its bytes are copied; `false`: there is no room, and nothing was added. `undefined` is Kafka's null. */
  add(timeMs: number, key: Uint8Array | undefined, value: Uint8Array | undefined, headers: EncodedHeaders): boolean {
    const size = (key?.length ?? 0) + (value?.length ?? 0) + headers.length + RECORD_OVERHEAD_MAX;
    if (this.count > 0 && this.#length + size > this.#bytesMax) return false;
    if (this.count === 0) {
      this.#baseTimeMs = timeMs;
      this.#maxTimeMs = timeMs;
    } else if (timeMs > this.#maxTimeMs) {
      this.#maxTimeMs = timeMs;
    }
    this.#reserve(size);
    const timeDelta = timeMs - this.#baseTimeMs;
    const keyLength = key === undefined ? -1 : key.length;
    const valueLength = value === undefined ? -1 : value.length;
    const bodyLength =
      1 +
      varintLength(timeDelta) +
      varintLength(this.count) +
      varintLength(keyLength) +
      Math.max(0, keyLength) +
      varintLength(valueLength) +
      Math.max(0, valueLength) +
      headers.length;
    const bytes = this.#bytes;
    let at = putVarint(bytes, this.#length, bodyLength);
    bytes[at++] = 0; // attributes
    at = putVarint(bytes, at, timeDelta);
    at = putVarint(bytes, at, this.count);
    at = putVarint(bytes, at, keyLength);
    if (key !== undefined) {
      bytes.set(key, at);
      at += key.length;
    }
    at = putVarint(bytes, at, valueLength);
    if (value !== undefined) {
      bytes.set(value, at);
      at += value.length;
    }
    bytes.set(headers, at);
    this.#length = at + headers.length;
    this.count += 1;
    return true;
  }

  /** Nothing more is added: it is compressed while it waits for its turn. A failure is met by `encode`. */
  seal(compression: Compression): void {
    if (compression.compress === undefined || this.#packed !== undefined) return;
    this.#packed = Promise.resolve(compression.compress(this.#bytes.subarray(HEADER_BYTES, this.#length)));
    this.#packed.catch(() => {});
  }

  /** The batch as it is sent, in pieces; may be asked for again with another producer state. Their memory is this batch's own. Seals the batch. */
  async encode(producer: ProducerState, compression: Compression): Promise<readonly Buffer[]> {
    this.seal(compression);
    const packed = await this.#packed;
    const head = this.#bytes.subarray(0, HEADER_BYTES);
    const records = packed ?? this.#bytes.subarray(HEADER_BYTES, this.#length);
    head.writeBigInt64BE(0n, 0); // base offset, the broker's business
    head.writeInt32BE(HEADER_BYTES + records.length - 12, 8);
    head.writeInt32BE(-1, 12); // partition leader epoch
    head[16] = MAGIC;
    head.writeInt16BE(compression.code | (producer.isTransactional ? TRANSACTIONAL : 0), 21);
    head.writeInt32BE(this.count - 1, 23);
    head.writeBigInt64BE(BigInt(this.#baseTimeMs), 27);
    head.writeBigInt64BE(BigInt(this.#maxTimeMs), 35);
    head.writeBigInt64BE(producer.producerId, 43);
    head.writeInt16BE(producer.epoch, 51);
    head.writeInt32BE(producer.sequence, 53);
    head.writeInt32BE(this.count, 57);
    head.writeUInt32BE(crc32c(records, crc32c(head.subarray(21))), 17);
    return [head, records];
  }

  /** Bytes of the batch as it is sent. */
  packedBytes(compression: Compression): number {
    if (compression.compress === undefined) return this.#length;
    return HEADER_BYTES + compression.compressNow(this.#bytes.subarray(HEADER_BYTES, this.#length)).length;
  }

  clear(): void {
    this.count = 0;
    this.#length = HEADER_BYTES;
    this.#packed = undefined;
  }

  /** Halves a batch that the broker found too large; of one record none is left to halve. */
  split(): readonly [RecordBatch, RecordBatch] {
    const halves = [new RecordBatch(this.#bytesMax), new RecordBatch(this.#bytesMax)] as const;
    let index = 0;
    for (const [timeMs, key, value, headers] of this.#records()) {
      const isAdded = halves[index < this.count >> 1 ? 0 : 1].add(timeMs, key, value, headers);
      if (!isAdded) throw new Error('half of a batch has no room in a batch');
      index += 1;
    }
    return halves;
  }

  *#records(): Generator<[number, Uint8Array | undefined, Uint8Array | undefined, EncodedHeaders]> {
    const bytes = this.#bytes;
    let at = HEADER_BYTES;
    const varint = (): number => {
      let factor = 1;
      let encoded = 0;
      for (;;) {
        const byte = bytes[at++]!;
        encoded += (byte & 0x7f) * factor;
        if (byte < 0x80) return encoded % 2 === 0 ? encoded / 2 : -(encoded + 1) / 2;
        factor *= 128;
      }
    };
    const field = (): Uint8Array | undefined => {
      const length = varint();
      if (length < 0) return undefined;
      at += length;
      return bytes.subarray(at - length, at);
    };
    for (let index = 0; index < this.count; index++) {
      const length = varint();
      const end = at + length;
      at += 1;
      const timeMs = this.#baseTimeMs + varint();
      varint();
      const key = field();
      const value = field();
      yield [timeMs, key, value, bytes.subarray(at, end)];
      at = end;
    }
  }

  #reserve(byteCount: number): void {
    const needed = this.#length + byteCount;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.#bytes.length * 2, this.#bytesMax)));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
