import { type ChangeBatch, NO_TRANSACTION, NO_TUPLE, NULL, type TableSchema, TupleCursor } from '@millrace/formats';
import { isTimePart, type PathPart, parsePath } from './path-template.ts';
import { safePart } from './safe-part.ts';

/** Part of a path for a value that is NULL; Hive's name for it, which readers of partitioned folders know. */
const NULL_PART = '__HIVE_DEFAULT_PARTITION__';

/** Part of a path for a value that the event does not have: not resent, or of a deleted row of which only the key is known. */
const UNKNOWN_PART = '__unknown__';

const US_PER_HOUR = 3_600_000_000n;
const MS_PER_HOUR = 3_600_000;

/** Column values remembered with their encoded parts. */
const VALUES_REMEMBERED_MAX = 10_000;

/** `yyyy`, `mm`, `dd` and `hh` of an hour since 1970. */
function timeParts(hour: number): Readonly<Record<string, string>> {
  const [yyyy, mm, dd, hh] = new Date(hour * MS_PER_HOUR).toISOString().split(/[-T:]/, 4);
  return { yyyy: yyyy!, mm: mm!, dd: dd!, hh: hh! };
}

/** Renders a path template for each event. A template of names only costs a look-up per table. */
export class Folders {
  readonly #parts: readonly PathPart[];
  readonly #jobName: string;
  readonly #needsTime: boolean;
  readonly #needsRow: boolean;
  readonly #byTable = new WeakMap<TableSchema, string>();
  readonly #safeValues = new Map<string, string>();
  readonly #cursor = new TupleCursor();
  #hour = Number.NaN;
  #time: Readonly<Record<string, string>> = {};

  constructor(path: string, jobName: string) {
    this.#parts = parsePath(path);
    this.#jobName = jobName;
    this.#needsTime = this.#parts.some((part) => part.kind === 'named' && isTimePart(part.name));
    this.#needsRow = this.#parts.some((part) => part.kind === 'column');
  }

  /** The folder of this event's line. Rows of the initial load have no commit time: the time they were read counts. */
  folderOf(batch: ChangeBatch, index: number): string {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    if (this.#needsTime || this.#needsRow) return this.#render(schema, batch, index);
    let folder = this.#byTable.get(schema);
    if (folder === undefined) {
      folder = this.#render(schema, batch, index);
      this.#byTable.set(schema, folder);
    }
    return folder;
  }

  #render(schema: TableSchema, batch: ChangeBatch, index: number): string {
    if (this.#needsTime) this.#readTime(batch, index);
    const hasRow = this.#needsRow && this.#readRow(batch, index);
    let folder = '';
    for (const part of this.#parts) {
      if (part.kind === 'text') folder += part.text;
      else if (part.kind === 'column') folder += hasRow ? this.#value(schema, part.column, batch, index) : UNKNOWN_PART;
      else if (part.name === 'schema') folder += safePart(schema.schema);
      else if (part.name === 'table') folder += safePart(schema.table);
      else if (part.name === 'job') folder += safePart(this.#jobName);
      else folder += this.#time[part.name]!;
    }
    return folder;
  }

  #readTime(batch: ChangeBatch, index: number): void {
    const transaction = batch.transactionOf[index]!;
    const hour =
      transaction === NO_TRANSACTION
        ? Math.floor(batch.receivedMs / MS_PER_HOUR)
        : Number(batch.transactions[transaction]!.commitTimeUs / US_PER_HOUR);
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#time = timeParts(hour);
  }

  #readRow(batch: ChangeBatch, index: number): boolean {
    const offset = batch.after[index] === NO_TUPLE ? batch.before[index]! : batch.after[index]!;
    if (offset === NO_TUPLE) return false;
    this.#cursor.read(batch.bytes, offset);
    return true;
  }

  #value(schema: TableSchema, name: string, batch: ChangeBatch, index: number): string {
    const column = schema.columns.find((candidate) => candidate.name === name);
    const isKnown =
      column !== undefined && (batch.after[index] !== NO_TUPLE || column.key || schema.replicaIdentity === 'full');
    if (!isKnown) return UNKNOWN_PART;
    const length = this.#cursor.lengths[column.field]!;
    if (length < 0) return length === NULL ? NULL_PART : UNKNOWN_PART;
    const start = this.#cursor.starts[column.field]!;
    return this.#safe(
      new TextDecoder('utf-8', { ignoreBOM: true }).decode(batch.bytes.subarray(start, start + length)),
    );
  }

  #safe(text: string): string {
    let part = this.#safeValues.get(text);
    if (part === undefined) {
      part = safePart(text);
      if (this.#safeValues.size >= VALUES_REMEMBERED_MAX) this.#safeValues.clear();
      this.#safeValues.set(text, part);
    }
    return part;
  }
}
