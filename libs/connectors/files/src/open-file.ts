import type { ChangeBatch, TableSchema } from '@millrace/formats';
import type { ContentFormat, ObjectContent } from '@millrace/formats/content';
import { fileError } from './errors.ts';
import { type NewFile, pathIn, type Storage } from './storage/storage.ts';

export interface OpenFileOptions {
  readonly storage: Storage;
  readonly folder: string;
  /** Its path until it is shown. */
  readonly temporary: string;
  readonly sequence: number;
  /** What else would go to this file. */
  readonly slot: string;
  readonly schema: TableSchema;
  readonly format: ContentFormat;
  /** Told of a failure of what goes on by itself. */
  readonly onFailure: (error: unknown) => void;
}

/** A temporary file that is being written. */
export class OpenFile {
  readonly folder: string;
  readonly temporary: string;
  readonly sequence: number;
  readonly slot: string;
  readonly schema: TableSchema;
  readonly #storage: Storage;
  readonly #content: ObjectContent;
  /** What its content gave, and is not written. */
  #stored: Uint8Array[] = [];
  #storedBytes = 0;
  #writtenBytes = 0;
  #file: NewFile | undefined;

  constructor({ storage, folder, temporary, sequence, slot, schema, format, onFailure }: OpenFileOptions) {
    this.folder = folder;
    this.temporary = temporary;
    this.sequence = sequence;
    this.slot = slot;
    this.schema = schema;
    this.#storage = storage;
    this.#content = format.create({
      schema,
      key: temporary,
      store: (bytes) => {
        this.#stored.push(bytes);
        this.#storedBytes += bytes.length;
      },
      onProgress() {},
      onFailure,
    });
  }

  /** Bytes as stored, so far; without what its content still holds. */
  get byteCount(): number {
    return this.#writtenBytes + this.#storedBytes;
  }

  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Bytes of memory. */
  get heldBytes(): number {
    return this.#content.heldBytes + this.#storedBytes;
  }

  /** Takes events; see `ObjectContent.append`. */
  append(batch: ChangeBatch, from: number, to: number): number {
    return this.#content.append(batch, from, to);
  }

  /** Writes what the content gave. */
  async flush(): Promise<void> {
    if (this.#storedBytes === 0) return;
    const bytes = this.#stored.length === 1 ? this.#stored[0]! : Buffer.concat(this.#stored);
    this.#stored = [];
    this.#storedBytes = 0;
    try {
      this.#file ??= await this.#storage.create(this.temporary);
      await this.#file.append(bytes);
    } catch (error) {
      throw fileError(error, 'write', pathIn(this.#storage, this.temporary));
    }
    this.#writtenBytes += bytes.length;
  }

  /** Finishes the content and makes the bytes durable; the file takes no more. */
  async seal(): Promise<void> {
    try {
      await this.#content.finish();
    } finally {
      this.#content.discard();
    }
    await this.flush();
    try {
      await this.#file?.sync();
    } catch (error) {
      throw fileError(error, 'sync', pathIn(this.#storage, this.temporary));
    }
    await this.close();
  }

  async close(): Promise<void> {
    this.#content.discard();
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}
