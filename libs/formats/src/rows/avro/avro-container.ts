import { MAGIC, SYNC_BYTES } from '../../content/avro/container.ts';
import { NotAValue } from '../../declared/column-text.ts';

/** A block larger than this is probably none; writers make them of 64 KiB or a few MiB. */
export const BLOCK_BYTES_MAX = 67_108_864;
const HEADER_BYTES_MAX = 16_777_216;
const LONG_BYTES_MAX = 10;

/** Bytes as they come, taken in pieces of any length. */
class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async isAtEnd(): Promise<boolean> {
    return !(await this.#fill(1));
  }

  /** @throws NotAValue when there are not so many */
  async take(count: number): Promise<Buffer> {
    if (!(await this.#fill(count))) throw new NotAValue('it is cut off');
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  /** A count or length; zigzag. */
  async takeLong(max: number): Promise<number> {
    let value = 0;
    let scale = 1;
    for (let at = 0; at < LONG_BYTES_MAX; at++, scale *= 128) {
      const byte = (await this.take(1))[0]!;
      value += (byte & 127) * scale;
      if (byte > 127) continue;
      const long = value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      if (Math.abs(long) <= max) return long;
      break;
    }
    throw new NotAValue('it is damaged (a length is too large)');
  }

  async #fill(count: number): Promise<boolean> {
    if (this.#held.length >= count) return true;
    const pieces = [this.#held];
    let length = this.#held.length;
    while (length < count) {
      const next = await this.#source.next();
      if (next.done === true) break;
      pieces.push(Buffer.from(next.value));
      length += next.value.length;
    }
    this.#held = Buffer.concat(pieces);
    return length >= count;
  }
}

async function readHeader(
  queue: ByteQueue,
): Promise<{ readonly metadata: ReadonlyMap<string, string>; readonly sync: Buffer }> {
  if (!(await queue.take(MAGIC.length)).equals(MAGIC)) throw new NotAValue('it is no Avro container file');
  const metadata = new Map<string, string>();
  for (;;) {
    let count = await queue.takeLong(HEADER_BYTES_MAX);
    if (count === 0) return { metadata, sync: Buffer.from(await queue.take(SYNC_BYTES)) };
    // A negative count is followed by the size of its entries.
    if (count < 0) await queue.takeLong(HEADER_BYTES_MAX);
    for (count = Math.abs(count); count > 0; count--) {
      const name = (await queue.take(await queue.takeLong(HEADER_BYTES_MAX))).toString();
      metadata.set(name, (await queue.take(await queue.takeLong(HEADER_BYTES_MAX))).toString());
    }
  }
}

/** An Avro object container file that is read from the beginning. Errors are `NotAValue`. */
export class AvroContainer {
  readonly metadata: ReadonlyMap<string, string>;
  readonly #queue: ByteQueue;
  readonly #sync: Buffer;

  private constructor(queue: ByteQueue, metadata: ReadonlyMap<string, string>, sync: Buffer) {
    this.#queue = queue;
    this.metadata = metadata;
    this.#sync = sync;
  }

  static async open(bytes: AsyncIterable<Uint8Array>): Promise<AvroContainer> {
    const queue = new ByteQueue(bytes);
    const { metadata, sync } = await readHeader(queue);
    return new AvroContainer(queue, metadata, sync);
  }

  /** Blocks as they are stored. */
  async *blocks(): AsyncGenerator<{ readonly records: number; readonly data: Buffer }> {
    const queue = this.#queue;
    while (!(await queue.isAtEnd())) {
      const records = await queue.takeLong(Number.MAX_SAFE_INTEGER);
      const data = await queue.take(await queue.takeLong(BLOCK_BYTES_MAX));
      if (!(await queue.take(SYNC_BYTES)).equals(this.#sync))
        throw new NotAValue('it is damaged (a block does not end where it should)');
      yield { records, data };
    }
  }
}
