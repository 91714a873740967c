import { errorCode, MillraceError } from '@millrace/kernel';
import { type ChangeBatch, FLAG_LOADING, NO_TRANSACTION, NO_TUPLE, Op } from './change-batch.ts';
import { ChangeBatchBuilder } from './change-batch-builder.ts';
import { isUnchanged, type Value } from './rows.ts';
import type { Column, TableSchema } from './table-schema.ts';
import { valueText } from './value-text.ts';

export const KeyMissing = errorCode('formats.key_missing', {
  domain: 'user',
  retry: 'never',
  title: 'A row without a value for its key',
});

export interface DerivedColumn extends Pick<Column, 'name' | 'kind' | 'sqlType'> {
  /** Part of the key: rows with the same key replace each other. */
  readonly key?: boolean | undefined;
}

/** The shape of a table whose rows a pipeline computes. */
export function derivedSchema(schema: string, table: string, columns: readonly DerivedColumn[]): TableSchema {
  return {
    id: `${schema}.${table}`,
    schema,
    table,
    columns: columns.map(({ name, kind, sqlType, key = false }, field) => ({
      name,
      field,
      kind,
      sqlType,
      key,
      nullable: !key,
    })),
    fieldCount: columns.length,
    replicaIdentity: 'default',
  };
}

export interface EncodeRowsOptions {
  /** When the newest of the rows was made, milliseconds since 1970. */
  readonly receivedMs: number;
  /** The row's key is to be deleted. */
  readonly isDelete?: ((row: Readonly<Record<string, unknown>>) => boolean) | undefined;
}

const TEXT_FIELD = 0x74; // 't'
const NULL_FIELD = 0x6e; // 'n'
const UNCHANGED_FIELD = 0x75; // 'u'
const UTF8_BYTES_PER_UNIT_MAX = 3;

const encoder = new TextEncoder();

/**
 * Computed rows as change events, for sinks that take those. They have no position in a source, so they carry `FLAG_LOADING`: a sink
 * always applies them and never counts them as progress. With a key that is right exactly once, because a row that comes again after
 * a restart replaces itself.
 * @throws MillraceError `formats.value_unsupported`, `formats.key_missing`
 */
export function encodeRows(
  schema: TableSchema,
  rows: readonly Readonly<Record<string, unknown>>[],
  { receivedMs, isDelete = () => false }: EncodeRowsOptions,
): ChangeBatch {
  const builder = new ChangeBatchBuilder(Math.max(1, rows.length));
  for (const row of rows) {
    const isGone = isDelete(row);
    const tuple = addTuple(builder, schema, row, isGone);
    const op = isGone ? Op.Delete : Op.Create;
    builder.add(op, FLAG_LOADING, schema, isGone ? tuple : NO_TUPLE, isGone ? NO_TUPLE : tuple, NO_TRANSACTION, 0);
  }
  return builder.build(receivedMs);
}

/** Appends a tuple and returns its offset; `onlyKey`: the other fields are null, as in the old tuple of a delete. */
function addTuple(
  builder: ChangeBatchBuilder,
  { id, columns }: TableSchema,
  row: Readonly<Record<string, unknown>>,
  onlyKey: boolean,
): number {
  const at = builder.used;
  builder.reserve(2);
  builder.bytes[builder.used++] = columns.length >> 8;
  builder.bytes[builder.used++] = columns.length;
  for (const column of columns) {
    const value = row[column.name];
    if (column.key && (value === null || value === undefined)) throw keyMissing(id, column.name);
    if (value === null || value === undefined || (onlyKey && !column.key)) addTag(builder, NULL_FIELD);
    else if (isUnchanged(value as Value) && (value as { unchanged?: unknown }).unchanged === true) {
      addTag(builder, UNCHANGED_FIELD);
    } else addText(builder, valueText(column, value));
  }
  return at;
}

function addTag(builder: ChangeBatchBuilder, tag: number): void {
  builder.reserve(1);
  builder.bytes[builder.used++] = tag;
}

function addText(builder: ChangeBatchBuilder, text: string): void {
  builder.reserve(5 + text.length * UTF8_BYTES_PER_UNIT_MAX);
  const { bytes, used } = builder;
  const { written } = encoder.encodeInto(text, bytes.subarray(used + 5));
  bytes[used] = TEXT_FIELD;
  bytes[used + 1] = written >>> 24;
  bytes[used + 2] = written >>> 16;
  bytes[used + 3] = written >>> 8;
  bytes[used + 4] = written;
  builder.used = used + 5 + written;
}

const keyMissing = (table: string, column: string): MillraceError =>
  new MillraceError(KeyMissing, {
    message: `a row for ${table} has no value in its key column ${JSON.stringify(column)}`,
    mend: 'Give every row a key, or filter rows without one out first.',
    details: { table, column },
  });
