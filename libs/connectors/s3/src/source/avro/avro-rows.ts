import { promisify } from 'node:util';
import { inflateRaw, zstdDecompress } from 'node:zlib';
import { AvroReader, DeclaredAvroRows, type DeclaredRow, NotAValue, type TableSchema } from '@millrace/formats';
import { MAGIC, SYNC_BYTES } from '../../content/avro/container.ts';

/** A block larger than this is probably none; writers make them of 64 KiB or a few MiB. */
const BLOCK_BYTES_MAX = 67_108_864;
const HEADER_BYTES_MAX = 16_777_216;
const LONG_BYTES_MAX = 10;

const DECOMPRESS: Readonly<Record<string, (bytes: Uint8Array) => Promise<Buffer>>> = {
  null: async (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  deflate: (bytes) => promisify(inflateRaw)(bytes, { maxOutputLength: BLOCK_BYTES_MAX }),
  zstandard: (bytes) => promisify(zstdDecompress)(bytes, { maxOutputLength: BLOCK_BYTES_MAX }),
};

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
    if (!(await this.#fill(count))) throw new NotAValue('the object is cut off');
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
    throw new NotAValue('the object is damaged (a length is too large)');
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
  if (!(await queue.take(MAGIC.length)).equals(MAGIC)) throw new NotAValue('the object is no Avro container file');
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

/**
 * The rows of an Avro object container file, a block at a time. A declared column without a field is null.
 * @param counted how many rows were read so far
 * @throws NotAValue, MillraceError `formats.avro_schema_invalid`
 */
export async function* avroRows(
  bytes: AsyncIterable<Uint8Array>,
  { columns }: TableSchema,
  counted: { rows: number },
): AsyncGenerator<readonly DeclaredRow[]> {
  const queue = new ByteQueue(bytes);
  const { metadata, sync } = await readHeader(queue);
  const codec = metadata.get('avro.codec') ?? 'null';
  const decompress = DECOMPRESS[codec];
  if (decompress === undefined) throw new NotAValue(`the object is compressed as ${codec}`);
  const rows = new DeclaredAvroRows(new AvroReader(metadata.get('avro.schema') ?? ''), columns);
  while (!(await queue.isAtEnd())) {
    const count = await queue.takeLong(Number.MAX_SAFE_INTEGER);
    const block = await queue.take(await queue.takeLong(BLOCK_BYTES_MAX));
    if (!(await queue.take(SYNC_BYTES)).equals(sync))
      throw new NotAValue('the object is damaged (a block does not end where it should)');
    yield* rowsOf(rows, await decompress(block), count, counted);
  }
}

/** Records that are handed on at once. */
const ROWS_AT_ONCE = 1_024;

function* rowsOf(
  rows: DeclaredAvroRows,
  block: Buffer,
  count: number,
  counted: { rows: number },
): Generator<readonly DeclaredRow[]> {
  let at = 0;
  let some: DeclaredRow[] = [];
  for (let index = 0; index < count; index++) {
    const { row, end } = rows.rowAt(block, at);
    at = end;
    counted.rows += 1;
    some.push(row);
    if (some.length < ROWS_AT_ONCE) continue;
    yield some;
    some = [];
  }
  if (at !== block.length) throw new NotAValue('the object is damaged (a block is longer than its records)');
  yield some;
}
