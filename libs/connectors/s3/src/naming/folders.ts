import { type ChangeBatch, NO_TRANSACTION, NO_TUPLE, NULL, type TableSchema, TupleCursor } from '@millrace/formats';
import { daysOf, NotRepresentable, timestampUsOf } from '@millrace/formats/content';
import { hasTime, type PathPart, parsePath } from './path-template.ts';
import { safePart } from './safe-part.ts';

/** Part of a path for a value that is NULL; Hive's name for it, which readers of partitioned folders know. */
const NULL_PART = '__HIVE_DEFAULT_PARTITION__';

/** Part of a path for a value that the event does not have: not resent, or of a deleted row of which only the key is known. */
const UNKNOWN_PART = '__unknown__';

const US_PER_HOUR = 3_600_000_000n;
const MS_PER_HOUR = 3_600_000;

/** Column values remembered with their encoded parts. */
const VALUES_REMEMBERED_MAX = 10_000;

/** Hours of the years 1 to 9999: others have no four digits. */
const HOUR_MIN = -17_259_888;
const HOUR_MAX = 70_389_527;
const HOURS_PER_DAY = 24;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

type TimeParts = Readonly<Record<string, string>>;

const allParts = (text: string): TimeParts => ({ yyyy: text, mm: text, dd: text, hh: text });
const NULL_TIME = allParts(NULL_PART);
const UNKNOWN_TIME = allParts(UNKNOWN_PART);

/** `yyyy`, `mm`, `dd` and `hh` of an hour since 1970. */
function timeParts(hour: number): TimeParts {
  if (hour < HOUR_MIN || hour > HOUR_MAX) return UNKNOWN_TIME;
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
  readonly #timeColumn: string | undefined;
  #hour = Number.NaN;
  #hourParts: TimeParts = UNKNOWN_TIME;
  #time: TimeParts = UNKNOWN_TIME;

  /** @param timeColumn whose time counts; default: that of the commit */
  constructor(path: string, jobName: string, timeColumn?: string) {
    this.#parts = parsePath(path);
    this.#jobName = jobName;
    this.#timeColumn = timeColumn;
    this.#needsTime = hasTime(path);
    this.#needsRow = timeColumn !== undefined || this.#parts.some((part) => part.kind === 'column');
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
    const hasRow = this.#needsRow && this.#readRow(batch, index);
    if (this.#timeColumn !== undefined) this.#time = hasRow ? this.#timeOf(schema, batch, index) : UNKNOWN_TIME;
    else if (this.#needsTime) this.#readTime(batch, index);
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
    this.#time = this.#partsOf(hour);
  }

  #partsOf(hour: number): TimeParts {
    if (hour !== this.#hour) this.#hourParts = timeParts(hour);
    this.#hour = hour;
    return this.#hourParts;
  }

  #timeOf(schema: TableSchema, batch: ChangeBatch, index: number): TimeParts {
    const text = this.#text(schema, this.#timeColumn!, batch, index);
    if (text === null) return NULL_TIME;
    if (text === undefined) return UNKNOWN_TIME;
    try {
      if (!text.includes(':')) return this.#partsOf(daysOf(text) * HOURS_PER_DAY);
      const us = timestampUsOf(text);
      return this.#partsOf(Number((us - (((us % US_PER_HOUR) + US_PER_HOUR) % US_PER_HOUR)) / US_PER_HOUR));
    } catch (error) {
      // Infinite.
      if (error instanceof NotRepresentable) return UNKNOWN_TIME;
      throw error;
    }
  }

  #readRow(batch: ChangeBatch, index: number): boolean {
    const offset = batch.after[index] === NO_TUPLE ? batch.before[index]! : batch.after[index]!;
    if (offset === NO_TUPLE) return false;
    this.#cursor.read(batch.bytes, offset);
    return true;
  }

  #value(schema: TableSchema, name: string, batch: ChangeBatch, index: number): string {
    const text = this.#text(schema, name, batch, index);
    if (text === undefined) return UNKNOWN_PART;
    return text === null ? NULL_PART : this.#safe(text);
  }

  /** A column's text of the row that was read; `undefined` when it is not known. */
  #text(schema: TableSchema, name: string, batch: ChangeBatch, index: number): string | null | undefined {
    const column = schema.columns.find((candidate) => candidate.name === name);
    const isKnown =
      column !== undefined && (batch.after[index] !== NO_TUPLE || column.key || schema.replicaIdentity === 'full');
    if (!isKnown) return undefined;
    const length = this.#cursor.lengths[column.field]!;
    if (length < 0) return length === NULL ? null : undefined;
    const start = this.#cursor.starts[column.field]!;
    return decoder.decode(batch.bytes.subarray(start, start + length));
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
