import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChangeBatch, TableSchema } from '@millrace/formats';
import type { ContentFormat, ObjectContent } from '@millrace/formats/content';
import { fileError } from './errors.ts';

export interface OpenFileOptions {
  readonly root: string;
  readonly folder: string;
  /** Its name until it is shown, below the root. */
  readonly temporary: string;
  readonly sequence: number;
  /** What else would go to this file. */
  readonly slot: string;
  readonly schema: TableSchema;
  readonly format: ContentFormat;
  /** Told of a failure of what goes on by itself. */
  readonly onFailure: (error: unknown) => void;
}

/** A temporary file that is being written. The handle stays open until the sync, so that no write error is missed. */
export class OpenFile {
  readonly folder: string;
  readonly temporary: string;
  readonly sequence: number;
  readonly slot: string;
  readonly schema: TableSchema;
  readonly #path: string;
  readonly #content: ObjectContent;
  /** What its content gave, and is not written. */
  #stored: Uint8Array[] = [];
  #storedBytes = 0;
  #writtenBytes = 0;
  #handle: FileHandle | undefined;

  constructor({ root, folder, temporary, sequence, slot, schema, format, onFailure }: OpenFileOptions) {
    this.folder = folder;
    this.temporary = temporary;
    this.sequence = sequence;
    this.slot = slot;
    this.schema = schema;
    this.#path = join(root, temporary);
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
      this.#handle ??= await open(this.#path, 'wx');
      await this.#handle.appendFile(bytes);
    } catch (error) {
      throw fileError(error, 'write', this.#path);
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
      await this.#handle?.sync();
    } catch (error) {
      throw fileError(error, 'sync', this.#path);
    }
    await this.close();
  }

  async close(): Promise<void> {
    this.#content.discard();
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}
