import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type DebeziumJsonOptions, DebeziumJsonWriter } from '@millrace/formats';
import { fileError } from './errors.ts';

/** A temporary file that is being written. The handle stays open until the sync, so that no write error is missed. */
export class OpenFile {
  readonly folder: string;
  readonly temporary: string;
  readonly sequence: number;
  readonly json: DebeziumJsonWriter;
  byteCount = 0;
  readonly #path: string;
  #handle: FileHandle | undefined;

  constructor(root: string, folder: string, temporary: string, sequence: number, options: DebeziumJsonOptions) {
    this.folder = folder;
    this.temporary = temporary;
    this.sequence = sequence;
    this.json = new DebeziumJsonWriter(options);
    this.#path = join(root, temporary);
  }

  /** Writes what the JSON writer holds. */
  async flush(): Promise<void> {
    if (this.json.length === 0) return;
    try {
      this.#handle ??= await open(this.#path, 'wx');
      await this.#handle.appendFile(this.json.bytes);
    } catch (error) {
      throw fileError(error, 'write', this.#path);
    }
    this.byteCount += this.json.length;
    this.json.clear();
  }

  /** Flushes and makes the bytes durable; the file takes no more. */
  async seal(): Promise<void> {
    await this.flush();
    try {
      await this.#handle?.sync();
    } catch (error) {
      throw fileError(error, 'sync', this.#path);
    }
    await this.close();
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}
