import { assert } from '@millrace/kernel';
import { type ChangeBatch, NO_TUPLE } from '../change/change-batch.ts';
import { beforeColumns } from '../change/rows.ts';
import type { Column, TableSchema } from '../change/table-schema.ts';
import { NULL, TupleCursor } from '../change/tuple.ts';
import type { ByteOutput } from '../json/byte-output.ts';
import { putBytes, putTimestamp } from '../json/json-bytes.ts';
import type { EventMetadata } from '../json/row-json.ts';
import { isHexBytea, putBase64, type RowValueForm, rowValueForm } from '../json/row-value.ts';

const COMMA = 0x2c;
const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const LETTER_T = 0x74;
const encoder = new TextEncoder();
const TRUE_TEXT = encoder.encode('true');
const FALSE_TEXT = encoder.encode('false');

/** Room for a quoted empty value and the comma before it. */
const AROUND_VALUE_BYTES = 8;

/** Columns before the row's own when metadata is written; `__unchanged` names, separated by spaces, the columns PostgreSQL did not resend. */
const METADATA_COLUMNS: readonly (keyof EventMetadata | '__unchanged')[] = [
  '__op',
  '__table',
  '__lsn',
  '__index',
  '__commit_time',
  '__unchanged',
];

interface RowPlan {
  readonly columns: readonly { readonly field: number; readonly form: RowValueForm; readonly name: string }[];
  /** For each column: does a `before` tuple hold it? */
  readonly isInBefore: readonly boolean[];
  readonly fieldCount: number;
}

function planOf(schema: TableSchema): RowPlan {
  const known = new Set<Column>(beforeColumns(schema));
  return {
    columns: schema.columns.map(({ field, kind, name }) => ({ field, form: rowValueForm(kind), name })),
    isInBefore: schema.columns.map((column) => known.has(column)),
    fieldCount: schema.fieldCount,
  };
}

/** A text as a field: quoted when it is empty (NULL is the unquoted nothing) or holds what would end or change it. */
function csvText(text: string): string {
  return text === '' || /[",\r\n]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Rows as lines of CSV (RFC 4180, with line feeds). NULL is an empty field, the empty text is `""`, as PostgreSQL writes and reads them. Booleans are
 * `true` and `false`, timestamps ISO 8601, bytea base64, everything else PostgreSQL's text.
 *
 * All lines of a file must be of one schema: `header` names its columns. It is not reentrant.
 */
export class RowCsvWriter {
  readonly #output: ByteOutput;
  readonly #plans = new WeakMap<TableSchema, RowPlan>();
  readonly #cursor = new TupleCursor();

  constructor(output: ByteOutput) {
    this.#output = output;
  }

  header(schema: TableSchema, hasMetadata: boolean): void {
    const names = [...(hasMetadata ? METADATA_COLUMNS : []), ...schema.columns.map(({ name }) => name)];
    this.#output.put(encoder.encode(`${names.map(csvText).join(',')}\n`));
  }

  /**
   * The row after the change, or what is known of a deleted one (other columns are empty), as one line.
   * @returns name of a column whose value was not resent and that nothing marks because there is no metadata, else `undefined`.
   */
  row(batch: ChangeBatch, index: number, metadata?: EventMetadata): string | undefined {
    const schema = batch.schemas[batch.schemaOf[index]!]!;
    let plan = this.#plans.get(schema);
    if (plan === undefined) {
      plan = planOf(schema);
      this.#plans.set(schema, plan);
    }
    const after = batch.after[index]!;
    const offset = after === NO_TUPLE ? batch.before[index]! : after;
    if (offset !== NO_TUPLE) {
      this.#cursor.read(batch.bytes, offset);
      const { fieldCount } = this.#cursor;
      assert(fieldCount >= plan.fieldCount, `a tuple has ${fieldCount} fields where its schema has ${plan.fieldCount}`);
    }
    const unchanged = offset === NO_TUPLE ? [] : this.#unchangedNames(plan);
    if (metadata !== undefined) this.#metadata(metadata, unchanged);
    for (let column = 0; column < plan.columns.length; column++) {
      this.#output.reserve(1);
      if (column > 0) this.#output.buffer[this.#output.length++] = COMMA;
      const isKnown = offset !== NO_TUPLE && (after !== NO_TUPLE || plan.isInBefore[column]!);
      if (isKnown) this.#field(batch.bytes, plan.columns[column]!.field, plan.columns[column]!.form);
    }
    this.#output.reserve(1);
    this.#output.buffer[this.#output.length++] = LINE_FEED;
    return metadata === undefined ? unchanged[0] : undefined;
  }

  #metadata({ __op, __table, __lsn, __index, __commit_time }: EventMetadata, unchanged: readonly string[]): void {
    const texts = [__op, csvText(__table), __lsn ?? '', __index ?? '', __commit_time ?? ''];
    const names = unchanged.length === 0 ? '' : csvText(unchanged.join(' '));
    this.#output.put(encoder.encode(`${texts.join(',')},${names},`));
  }

  #unchangedNames(plan: RowPlan): string[] {
    const { lengths } = this.#cursor;
    const names: string[] = [];
    for (const { field, name } of plan.columns) if (lengths[field]! < NULL) names.push(name);
    return names;
  }

  #field(bytes: Uint8Array, field: number, form: RowValueForm): void {
    const length = this.#cursor.lengths[field]!;
    if (length < 0) return;
    const start = this.#cursor.starts[field]!;
    const output = this.#output;
    // At worst every byte is a quote that is doubled.
    output.reserve(2 * length + AROUND_VALUE_BYTES);
    output.length = putField(output.buffer, output.length, bytes, start, start + length, form);
  }
}

function putField(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  form: RowValueForm,
): number {
  switch (form) {
    case 'boolean': {
      const text = bytes[start] === LETTER_T ? TRUE_TEXT : FALSE_TEXT;
      return putBytes(out, at, text, 0, text.length);
    }
    case 'timestamp': {
      const quotedEnd = putTimestamp(out, at, bytes, start, end);
      out.copyWithin(at, at + 1, quotedEnd - 1);
      return quotedEnd - 2;
    }
    case 'bytea':
      if (!isHexBytea(bytes, start)) return putText(out, at, bytes, start, end);
      if (end - start > 2) return putBase64(out, at, bytes, start + 2, end);
      return putText(out, at, bytes, end, end);
    default:
      return putText(out, at, bytes, start, end);
  }
}

function putText(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  if (!needsQuotes(bytes, start, end)) return putBytes(out, at, bytes, start, end);
  out[at++] = QUOTE;
  for (let from = start; from < end; from++) {
    const byte = bytes[from]!;
    if (byte === QUOTE) out[at++] = QUOTE;
    out[at++] = byte;
  }
  out[at++] = QUOTE;
  return at;
}

function needsQuotes(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end || bytes[start] === SPACE || bytes[end - 1] === SPACE) return true;
  for (let from = start; from < end; from++) {
    const byte = bytes[from]!;
    if (byte === COMMA || byte === QUOTE || byte === LINE_FEED || byte === CARRIAGE_RETURN) return true;
  }
  return false;
}
