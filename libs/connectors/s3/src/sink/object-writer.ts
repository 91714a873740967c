import { LeftOut, type Refusals } from '@millrace/connector-contract';
import { type ChangeBatch, NO_TRANSACTION, Op, type Position, type TableSchema } from '@millrace/formats';
import type { ContentFormat } from '@millrace/formats/content';
import { parseSizeBytes } from '@millrace/kernel';
import type { Bucket } from '../bucket/bucket.ts';
import type { S3Stage } from '../config.ts';
import { Folders } from '../naming/folders.ts';
import { Memory } from './memory.ts';
import { OpenObject } from './open-object.ts';
import type { SealedObject } from './prepared.ts';

/** Objects written at the same time; one more finishes the one begun first. */
export const OPEN_OBJECTS_MAX = 4_096;

export interface ObjectWriterOptions {
  readonly bucket: Bucket;
  readonly format: ContentFormat;
  readonly stage: S3Stage;
  readonly jobName: string;
  /** The key of a new object in this folder. */
  readonly keyOf: (folder: string, sequence: number, extension: string) => string;
  /** Absent: the first event that the format cannot hold is an error. */
  readonly refusals?: Refusals | undefined;
  /** Told of a failure of what goes on by itself. */
  readonly onFailure: (error: unknown) => void;
  /** Told when a refused batch may be offered again. */
  readonly onProgress: () => void;
}

/** Spreads events over objects by folder, table and shape, and finishes objects that are large, long, or in the way. */
export class ObjectWriter {
  readonly memory: Memory;
  readonly #options: ObjectWriterOptions;
  readonly #format: ContentFormat;
  readonly #folders: Folders;
  readonly #partBytes: number;
  readonly #rollBytes: number;
  readonly #rollRows: number;
  readonly #open = new Map<string, OpenObject>();
  readonly #shapes = new WeakMap<TableSchema, string>();
  #sealing: Promise<SealedObject>[] = [];
  #sequence = 0;
  /** First event of the current batch that is not written yet. */
  #next = 0;
  readonly #leftOut: LeftOut;

  constructor(options: ObjectWriterOptions) {
    const { stage } = options;
    this.#options = options;
    this.#format = options.format;
    this.#folders = new Folders(stage.path, options.jobName, stage.timeColumn);
    this.#partBytes = parseSizeBytes(stage.partBytes)!;
    this.#rollBytes = parseSizeBytes(stage.rollBytes)!;
    this.#rollRows = stage.rollRows ?? Number.POSITIVE_INFINITY;
    this.memory = new Memory(parseSizeBytes(stage.memory)!);
    this.#leftOut = new LeftOut({
      refusals: options.refusals,
      refusal: (batch, index) => this.#format.refusal?.(batch, index),
      isPassedBy: (batch, index) => this.#isPassedBy(batch, index),
    });
  }

  get isEmpty(): boolean {
    return this.#open.size === 0 && this.#sealing.length === 0;
  }

  /**
   * Takes a batch. `false`: the memory is full; offer the same batch again after `onProgress`.
   * @throws MillraceError `s3.value_not_resent`, `s3.value_unsupported`
   */
  write(batch: ChangeBatch): boolean {
    this.#leftOut.look(batch);
    while (this.#next < batch.length) {
      if (this.memory.isTight) this.#makeRoom();
      if (this.memory.isFull) return false;
      if (this.#isSkipped(batch, this.#next)) this.#next += 1;
      else this.#writeRun(batch);
    }
    this.#next = 0;
    this.#leftOut.finish();
    return true;
  }

  /** Finishes all open objects and resolves to everything finished since the last call. */
  async sealAll(): Promise<SealedObject[]> {
    for (const object of this.#open.values()) this.#seal(object);
    const sealing = this.#sealing;
    this.#sealing = [];
    return Promise.all(sealing);
  }

  /** Frees the memory. Uploads stay as they are. */
  close(): void {
    for (const object of this.#open.values()) object.discard();
    this.#open.clear();
  }

  #isSkipped(batch: ChangeBatch, index: number): boolean {
    return this.#leftOut.has(index) || this.#isPassedBy(batch, index);
  }

  #isPassedBy(batch: ChangeBatch, index: number): boolean {
    const op = batch.op[index];
    return this.#options.stage.deletes === 'skip' && (op === Op.Delete || op === Op.Truncate);
  }

  /** Writes events from the next one on that go to the same object, as many as it takes at once. */
  #writeRun(batch: ChangeBatch): void {
    const start = this.#next;
    const folder = this.#folders.folderOf(batch, start);
    const object = this.#objectFor(folder, batch.schemas[batch.schemaOf[start]!]!);
    const endMax = Math.min(batch.length, start + this.#rollRows - object.rows);
    let end = start + 1;
    while (
      end < endMax &&
      batch.schemaOf[end] === batch.schemaOf[start] &&
      !this.#isSkipped(batch, end) &&
      this.#folders.folderOf(batch, end) === folder
    )
      end++;
    const reached = object.append(batch, start, end);
    object.rows += reached - start;
    object.first ??= firstPosition(batch, start, reached);
    object.last = lastPosition(batch, start, reached) ?? object.last;
    this.#next = reached;
    if (object.byteCount >= this.#rollBytes || object.rows >= this.#rollRows) this.#seal(object);
  }

  /** The open object for rows of this shape. Another shape of the table begins another object. */
  #objectFor(folder: string, schema: TableSchema): OpenObject {
    const slot = slotOf(folder, schema);
    const known = this.#open.get(slot);
    if (known !== undefined) {
      if (this.#shapeOf(known.schema) === this.#shapeOf(schema)) return known;
      this.#seal(known);
    }
    if (this.#open.size >= OPEN_OBJECTS_MAX) this.#seal(this.#open.values().next().value!);
    this.#sequence += 1;
    const { bucket, keyOf, onFailure, onProgress } = this.#options;
    const object = new OpenObject({
      bucket,
      memory: this.memory,
      format: this.#format,
      key: keyOf(folder, this.#sequence, this.#format.extension),
      folder,
      schema,
      sequence: this.#sequence,
      partBytes: this.#partBytes,
      onFailure,
      onProgress,
    });
    this.#open.set(slot, object);
    return object;
  }

  #shapeOf(schema: TableSchema): string {
    let shape = this.#shapes.get(schema);
    if (shape === undefined) {
      shape = JSON.stringify(schema.columns.map(({ name, kind, sqlType, key }) => [name, kind, sqlType, key]));
      this.#shapes.set(schema, shape);
    }
    return shape;
  }

  #seal(object: OpenObject): void {
    this.#open.delete(slotOf(object.folder, object.schema));
    const sealed = object.seal();
    sealed.catch(this.#options.onFailure);
    this.#sealing.push(sealed);
  }

  /** Finishes the objects that hold most. */
  #makeRoom(): void {
    const byHeld = [...this.#open.values()].sort((a, b) => b.heldBytes - a.heldBytes);
    for (const object of byHeld) {
      if (this.memory.isRoomy) return;
      this.#seal(object);
    }
  }
}

const slotOf = (folder: string, schema: TableSchema): string => `${folder}\n${schema.id}`;

function positionAt(batch: ChangeBatch, index: number): Position | undefined {
  const transaction = batch.transactionOf[index]!;
  if (transaction === NO_TRANSACTION) return undefined;
  return { commitLsn: batch.transactions[transaction]!.commitLsn, index: batch.indexInTransaction[index]! };
}

function firstPosition(batch: ChangeBatch, from: number, to: number): Position | undefined {
  for (let index = from; index < to; index++) {
    const position = positionAt(batch, index);
    if (position !== undefined) return position;
  }
  return undefined;
}

function lastPosition(batch: ChangeBatch, from: number, to: number): Position | undefined {
  for (let index = to - 1; index >= from; index--) {
    const position = positionAt(batch, index);
    if (position !== undefined) return position;
  }
  return undefined;
}
