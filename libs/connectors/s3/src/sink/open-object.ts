import { ByteOutput, type Position, type TableSchema } from '@millrace/formats';
import type { Bucket, Upload } from '../bucket/bucket.ts';
import type { Turns } from '../bucket/turns.ts';
import { COMPRESSOR_BYTES, type Compression, Compressor } from '../lines/compressor.ts';
import { LINES_BYTES } from '../lines/line-format.ts';
import type { Memory } from './memory.ts';
import type { SealedObject } from './prepared.ts';

/** Room for the lines of a new object; it grows with them, so that many small ones stay small. */
const START_BYTES = 2_048;

/** What an object costs besides its lines. */
const OBJECT_BYTES = 6_144;

export interface OpenObjectOptions {
  readonly bucket: Bucket;
  readonly memory: Memory;
  readonly key: string;
  readonly folder: string;
  readonly schema: TableSchema;
  readonly sequence: number;
  readonly compression: Compression;
  readonly partBytes: number;
  /** Finishing many objects at once must not open a compressor for each. */
  readonly compressing: Turns;
  /** Told of a failure of what goes on by itself. */
  readonly onFailure: (error: unknown) => void;
  /** Told when memory became free. */
  readonly onProgress: () => void;
}

/**
 * An object that is being written: lines are gathered, compressed, cut into parts of equal size and uploaded in the background. Nobody sees it
 * before its upload is completed.
 */
export class OpenObject {
  readonly folder: string;
  readonly schema: TableSchema;
  rows = 0;
  first: Position | undefined;
  last: Position | undefined;
  readonly #options: OpenObjectOptions;
  /** Only once there is a block to compress: many small objects cost no compressor. */
  #compressor: Compressor | undefined;
  /** Lines that are not yet a block. */
  readonly #lines = new ByteOutput(START_BYTES);
  /** Blocks being compressed. */
  #compressing = 0;
  /** Bytes as they will be stored, not yet cut into parts. */
  #stored: Uint8Array[] = [];
  #storedBytes = 0;
  /** Of all parts so far. */
  #partedBytes = 0;
  #upload: Promise<Upload> | undefined;
  #isSealing = false;
  readonly #etags: Promise<string>[] = [];
  /** Compression of everything so far. */
  #tail: Promise<void> = Promise.resolve();

  constructor(options: OpenObjectOptions) {
    this.#options = options;
    this.folder = options.folder;
    this.schema = options.schema;
    this.#account();
  }

  /** Bytes as stored, so far; without what is still being compressed. */
  get byteCount(): number {
    return this.#partedBytes + this.#storedBytes;
  }

  /** Bytes that finishing the object now would free sooner or later. */
  get heldBytes(): number {
    const compressor = this.#compressor === undefined ? 0 : COMPRESSOR_BYTES[this.#options.compression];
    return OBJECT_BYTES + this.#lines.buffer.length + this.#compressing + this.#storedBytes + compressor;
  }

  /** Copies lines. */
  append(lines: Uint8Array): void {
    this.#lines.put(lines);
    if (this.#lines.length >= LINES_BYTES) this.#flushLines();
    this.#account();
  }

  /** Uploads what is left. The object takes no more lines. */
  async seal(): Promise<SealedObject> {
    this.#options.memory.waiting.hold(this, 0);
    this.#isSealing = true;
    try {
      this.#account();
      if (this.#options.compression === 'none') this.#flushLines();
      else await this.#options.compressing.run(() => this.#finishCompression());
      if (this.#storedBytes > 0) this.#sendPart(this.#storedBytes);
      this.#account();
      const etags = await Promise.all(this.#etags);
      const { key, uploadId } = await this.#upload!;
      const { sequence } = this.#options;
      const { schema, rows, first, last } = this;
      return { key, uploadId, sequence, etags, schema, rows, bytes: this.#partedBytes, first, last };
    } finally {
      this.discard();
      this.#options.onProgress();
    }
  }

  /** Frees what it holds; the upload stays as it is. */
  discard(): void {
    this.#compressor?.destroy();
    this.#options.memory.waiting.hold(this, 0);
    this.#options.memory.moving.hold(this, 0);
  }

  #account(): void {
    const { waiting, moving } = this.#options.memory;
    (this.#isSealing ? moving : waiting).hold(this, this.heldBytes);
  }

  #flushLines(): void {
    if (this.#lines.length === 0) return;
    const block = this.#lines.take();
    const { compression } = this.#options;
    if (compression === 'none') {
      this.#store(block);
      return;
    }
    this.#compressor ??= new Compressor(compression, (chunk) => this.#store(chunk));
    const compressor = this.#compressor;
    this.#compressing += block.buffer.byteLength;
    this.#tail = this.#tail.then(async () => {
      await compressor.write(block);
      this.#compressing -= block.buffer.byteLength;
      this.#account();
      this.#options.onProgress();
    });
    this.#tail.catch(this.#options.onFailure);
  }

  async #finishCompression(): Promise<void> {
    this.#flushLines();
    this.#account();
    await this.#tail;
    await this.#compressor?.end();
    this.#compressor = undefined;
    this.#account();
  }

  #store(chunk: Uint8Array): void {
    this.#stored.push(chunk);
    this.#storedBytes += chunk.length;
    while (this.#storedBytes >= this.#options.partBytes) this.#sendPart(this.#options.partBytes);
    this.#account();
  }

  /** Cuts `byteCount` bytes off and uploads them as the next part. Some servers want all parts but the last to be of one size. */
  #sendPart(byteCount: number): void {
    const { bucket, memory, key, onFailure, onProgress } = this.#options;
    const all = this.#stored.length === 1 ? this.#stored[0]! : Buffer.concat(this.#stored);
    const body = all.subarray(0, byteCount);
    // A copy, small, so that it doesn't keep the part's memory.
    const rest = all.slice(byteCount);
    this.#stored = rest.length === 0 ? [] : [rest];
    this.#storedBytes = rest.length;
    this.#partedBytes += byteCount;
    this.#upload ??= bucket.createUpload(key);
    const number = this.#etags.length + 1;
    memory.moving.hold(body, byteCount);
    const etag = this.#upload
      .then((upload) => bucket.uploadPart(upload, number, body))
      .finally(() => {
        memory.moving.hold(body, 0);
        onProgress();
      });
    etag.catch(onFailure);
    this.#etags.push(etag);
  }
}
