import type { Column, ColumnKind, TableSchema } from '../change/table-schema.ts';

/** A JSON Schema (draft 7, which registries know) as JSON. */
export interface RowJsonSchema {
  readonly $schema: string;
  readonly title: string;
  readonly type: 'object';
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
  readonly additionalProperties: false;
}

/** What `RowJsonWriter` writes: numbers only where every reader takes them exactly. `undefined`: any value. */
const TYPES: Readonly<Record<ColumnKind, readonly string[] | undefined>> = {
  integer: ['integer'],
  bigint: ['integer', 'string'],
  exact: ['string'],
  float: ['number', 'string'],
  boolean: ['boolean'],
  json: undefined,
  timestamptz: ['string'],
  timestamp: ['string'],
  date: ['string'],
  time: ['string'],
  uuid: ['string'],
  bytea: ['string'],
  text: ['string'],
};

function property({ kind, sqlType }: Column, isNullable: boolean): unknown {
  const types = TYPES[kind];
  const description = sqlType;
  if (types === undefined) return { description };
  const all = isNullable ? [...types, 'null'] : types;
  const type = all.length === 1 ? all[0] : all;
  return { type, description, ...(kind === 'bytea' ? { contentEncoding: 'base64' } : {}) };
}

const schemaOf = (title: string, columns: readonly Column[]): RowJsonSchema => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  title,
  type: 'object',
  properties: Object.fromEntries(columns.map((column) => [column.name, property(column, !column.key)])),
  required: columns.filter((column) => column.key).map(({ name }) => name),
  additionalProperties: false,
});

/**
 * The JSON Schema of the rows that `RowJsonWriter` writes. Columns of the key are required; all others may be null or missing (a value that was not
 * resent is). Closed to other members, so that adding a column is compatible with what was written before.
 */
export const rowJsonSchema = ({ id, columns }: TableSchema): RowJsonSchema => schemaOf(id, columns);

/** The same of a key of those columns. */
export const keyJsonSchema = ({ id }: TableSchema, key: readonly Column[]): RowJsonSchema => schemaOf(`${id}.Key`, key);
