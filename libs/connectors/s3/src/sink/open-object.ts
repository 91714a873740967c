import type { ChangeBatch, Position, TableSchema } from '@millrace/formats';
import type { ContentFormat, ObjectContent } from '@millrace/formats/content';
import type { Bucket, Upload } from '../bucket/bucket.ts';
import type { Memory } from './memory.ts';
import type { SealedObject } from './prepared.ts';

/** What an object costs besides its content. */
const OBJECT_BYTES = 6_144;

export interface OpenObjectOptions {
  readonly bucket: Bucket;
  readonly memory: Memory;
  readonly format: ContentFormat;
  readonly key: string;
  readonly folder: string;
  readonly schema: TableSchema;
  readonly sequence: number;
  readonly partBytes: number;
  /** Told of a failure of what goes on by itself. */
  readonly onFailure: (error: unknown) => void;
  /** Told when memory became free. */
  readonly onProgress: () => void;
}

/**
 * An object that is being written: what its content gives is cut into parts of equal size and uploaded in the background. Nobody sees it before its
 * upload is completed.
 */
export class OpenObject {
  readonly folder: string;
  readonly schema: TableSchema;
  rows = 0;
  first: Position | undefined;
  last: Position | undefined;
  readonly #options: OpenObjectOptions;
  readonly #content: ObjectContent;
  /** Bytes as they will be stored, not yet cut into parts. */
  #stored: Uint8Array[] = [];
  #storedBytes = 0;
  /** Of all parts so far. */
  #partedBytes = 0;
  #upload: Promise<Upload> | undefined;
  #isSealing = false;
  readonly #etags: Promise<string>[] = [];

  constructor(options: OpenObjectOptions) {
    const { format, schema, key, onFailure, onProgress } = options;
    this.#options = options;
    this.folder = options.folder;
    this.schema = schema;
    this.#content = format.create({
      schema,
      key,
      store: (bytes) => this.#store(bytes),
      onFailure,
      onProgress: () => {
        this.#account();
        onProgress();
      },
    });
    this.#account();
  }

  /** Bytes as stored, so far; without what its content still holds. */
  get byteCount(): number {
    return this.#partedBytes + this.#storedBytes;
  }

  /** Bytes that finishing the object now would free sooner or later. */
  get heldBytes(): number {
    return OBJECT_BYTES + this.#content.heldBytes + this.#storedBytes;
  }

  /** Takes events; see `ObjectContent.append`. */
  append(batch: ChangeBatch, from: number, to: number): number {
    const reached = this.#content.append(batch, from, to);
    this.#account();
    return reached;
  }

  /** Uploads what is left. The object takes no more events. */
  async seal(): Promise<SealedObject> {
    this.#options.memory.waiting.hold(this, 0);
    this.#isSealing = true;
    try {
      this.#account();
      await this.#content.finish();
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
    this.#content.discard();
    this.#options.memory.waiting.hold(this, 0);
    this.#options.memory.moving.hold(this, 0);
  }

  #account(): void {
    const { waiting, moving } = this.#options.memory;
    (this.#isSealing ? moving : waiting).hold(this, this.heldBytes);
  }

  #store(bytes: Uint8Array): void {
    this.#stored.push(bytes);
    this.#storedBytes += bytes.length;
    while (this.#storedBytes >= this.#options.partBytes) this.#sendPart(this.#options.partBytes);
    this.#account();
  }

  /** Cuts `byteCount` bytes off and uploads them as the next part. Some servers want all parts but the last to be of one size. */
  #sendPart(byteCount: number): void {
    const { bucket, memory, key, onFailure, onProgress } = this.#options;
    const all = this.#stored.length === 1 ? this.#stored[0]! : Buffer.concat(this.#stored);
    const body = all.subarray(0, byteCount);
    // A copy, small, so that it doesn't keep the part's memory.
    const rest = new Uint8Array(all.subarray(byteCount));
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
