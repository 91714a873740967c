import type { TableSchema } from '@millrace/formats';
import type { ContentFormat } from '@millrace/formats/content';
import type { FilesStage } from './config.ts';
import { OpenFile } from './open-file.ts';
import type { Storage } from './storage/storage.ts';

/** Files written at the same time; one more seals the one opened first. */
export const OPEN_FILES_MAX = 256;

export interface OpenFilesOptions {
  readonly storage: Storage;
  readonly stage: FilesStage;
  readonly format: ContentFormat;
  /** Name of a new file until it is shown. */
  readonly temporaryOf: (sequence: number) => string;
  readonly memoryMax: number;
  readonly onFailure: (error: unknown) => void;
}

/** The files that are being written, one for each folder; of formats with columns, for each table and shape in it. */
export class OpenFiles {
  readonly #options: OpenFilesOptions;
  readonly #files = new Map<string, OpenFile>();
  readonly #shapes = new WeakMap<TableSchema, string>();
  #sequence = 0;

  constructor(options: OpenFilesOptions) {
    this.#options = options;
  }

  /** The file for rows of this table. */
  of(folder: string, schema: TableSchema): OpenFile {
    const slot = this.#slotOf(folder, schema);
    const known = this.#files.get(slot);
    if (known !== undefined) return known;
    const { storage, format, temporaryOf, onFailure } = this.#options;
    this.#sequence += 1;
    const sequence = this.#sequence;
    const file = new OpenFile({
      storage,
      folder,
      temporary: temporaryOf(sequence),
      sequence,
      slot,
      schema,
      format,
      onFailure,
    });
    this.#files.set(slot, file);
    return file;
  }

  /** A file that has to be sealed before one for this table can be written; `undefined`: none. */
  inTheWay(folder: string, schema: TableSchema): OpenFile | undefined {
    const known = this.#files.get(this.#slotOf(folder, schema));
    // Another shape of the table begins another file.
    if (known !== undefined) return this.#shapeOf(known.schema) === this.#shapeOf(schema) ? undefined : known;
    return this.#files.size >= OPEN_FILES_MAX ? this.#files.values().next().value : undefined;
  }

  /** The largest, when all hold more than they may. */
  tooLarge(): OpenFile | undefined {
    let sum = 0;
    let largest: OpenFile | undefined;
    for (const file of this.#files.values()) {
      sum += file.heldBytes;
      if (largest === undefined || file.heldBytes > largest.heldBytes) largest = file;
    }
    return sum > this.#options.memoryMax ? largest : undefined;
  }

  all(): readonly OpenFile[] {
    return [...this.#files.values()];
  }

  remove(file: OpenFile): void {
    this.#files.delete(file.slot);
  }

  get #hasColumns(): boolean {
    const { format } = this.#options.stage;
    return format === 'csv' || format === 'parquet' || format === 'avro';
  }

  #slotOf(folder: string, schema: TableSchema): string {
    return this.#hasColumns ? `${folder}\n${schema.id}` : folder;
  }

  /** Lines of JSON name their members, so any may stand in one file. */
  #shapeOf(schema: TableSchema): string {
    if (!this.#hasColumns) return '';
    let shape = this.#shapes.get(schema);
    if (shape === undefined) {
      shape = JSON.stringify(schema.columns.map(({ name, kind, sqlType, key }) => [name, kind, sqlType, key]));
      this.#shapes.set(schema, shape);
    }
    return shape;
  }
}
