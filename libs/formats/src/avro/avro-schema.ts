import type { Column, TableSchema } from '../change/table-schema.ts';
import { avroFieldNames, avroName } from './avro-name.ts';
import { type AvroOptions, type AvroType, avroType } from './avro-type.ts';

export interface AvroField {
  readonly name: string;
  readonly type: AvroType | readonly ['null', AvroType] | { readonly type: 'array'; readonly items: 'string' };
  readonly default?: null | readonly [];
  readonly doc: string;
  /** The column's own name, where Avro does not take it. */
  readonly column?: string;
}

/** A record schema as JSON: `JSON.stringify` gives the text that registries and container files hold. */
export interface AvroRecord {
  readonly type: 'record';
  readonly name: string;
  readonly namespace: string;
  readonly doc: string;
  readonly fields: readonly AvroField[];
}

export interface AvroRecordOptions extends AvroOptions {
  /** Namespace of the record; by default the table's schema. */
  readonly namespace?: string | undefined;
  /** The place of the event in fields of its own before the columns, as `eventMetadata` gives it. */
  readonly metadata?: boolean | undefined;
}

/** Names columns whose large value PostgreSQL did not resend, which are null in the record. */
export const UNCHANGED_FIELD = '__unchanged';

const nullable = (name: string, type: AvroType, doc: string): AvroField => ({
  name,
  type: ['null', type],
  default: null,
  doc,
});

const METADATA_FIELDS: readonly AvroField[] = [
  { name: '__op', type: 'string', doc: 'r read by the initial load, c created, u updated, d deleted, t truncated' },
  { name: '__table', type: 'string', doc: 'schema.table' },
  nullable('__lsn', 'string', 'LSN of the commit record'),
  nullable('__index', 'long', 'Index in the transaction'),
  nullable('__commit_time', 'string', 'ISO 8601'),
];

const UNCHANGED: AvroField = {
  name: UNCHANGED_FIELD,
  type: { type: 'array', items: 'string' },
  default: [],
  doc: 'Columns that are null here because their value was not resent: it is what it was',
};

const namespaceOf = (table: TableSchema, { namespace }: AvroRecordOptions): string =>
  namespace ?? avroName(table.schema);

/**
 * The schema of a table's rows. Columns of the key are required; all others may be null and default to it, so that adding a column, removing one and
 * changing NOT NULL are compatible in both directions. It depends on nothing but the table's columns and the options.
 */
export function avroRowSchema(table: TableSchema, options: AvroRecordOptions): AvroRecord {
  const own = [...(options.metadata === true ? METADATA_FIELDS : []), UNCHANGED];
  const names = avroFieldNames(
    table.columns.map(({ name }) => name),
    own.map(({ name }) => name),
  );
  const fields = table.columns.map((column, index) => field(column, names[index]!, !column.key, options));
  return {
    type: 'record',
    name: avroName(table.table),
    namespace: namespaceOf(table, options),
    doc: `Rows of ${table.id}`,
    fields: [...own, ...fields],
  };
}

/** The schema of a key of those columns, in their order in the table. */
export function avroKeySchema(table: TableSchema, key: readonly Column[], options: AvroRecordOptions): AvroRecord {
  const names = avroFieldNames(key.map(({ name }) => name));
  return {
    type: 'record',
    name: 'Key',
    namespace: `${namespaceOf(table, options)}.${avroName(table.table)}`,
    doc: `Key of ${table.id}`,
    // A column that the user chose may be null.
    fields: key.map((column, index) => field(column, names[index]!, !column.key, options)),
  };
}

function field(column: Column, name: string, isNullable: boolean, options: AvroOptions): AvroField {
  const type = avroType(column, options);
  const made = isNullable ? nullable(name, type, column.sqlType) : { name, type, doc: column.sqlType };
  return name === column.name ? made : { ...made, column: column.name };
}
