/**
 * How a column's text becomes JSON.
 * `integer`: int2/int4/oid, a JSON number. `bigint`: int8, digits that may exceed 2^53 (written as a number, read as BigInt).
 * `exact`: numeric and money, kept as text. `float`: float4/float8. `boolean`: `t`/`f`. `json`: json/jsonb.
 * `timestamptz`/`timestamp`/`date`/`time`/`uuid`/`bytea`: PostgreSQL's ISO text. `text`: everything else, also unknown types.
 */
export type ColumnKind =
  | 'integer'
  | 'bigint'
  | 'exact'
  | 'float'
  | 'boolean'
  | 'json'
  | 'timestamptz'
  | 'timestamp'
  | 'date'
  | 'time'
  | 'uuid'
  | 'bytea'
  | 'text';

export interface Column {
  readonly name: string;
  /** Index of the column's field in the raw tuple; differs from the column's own index after a projection. */
  readonly field: number;
  readonly kind: ColumnKind;
  /** SQL type as PostgreSQL prints it, with modifier: `numeric(12,2)`, `timestamp with time zone`. */
  readonly sqlType: string;
  /** Part of the key (primary key, or the index used as replica identity). */
  readonly key: boolean;
  /** `false` when the source says NOT NULL; `true` also when unknown. */
  readonly nullable: boolean;
}

/** One version of a table's shape, as the Relation messages (or a projection) give it. Events carry the version they were written with. */
export interface TableSchema {
  /** `schema.table` of the source, unquoted; the identity of the table within a job. */
  readonly id: string;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly Column[];
  /** Fields in the raw tuple (at least the highest `field` + 1). */
  readonly fieldCount: number;
  /** What `before` holds: `default`/`index` the key columns, `full` all, `nothing` none. */
  readonly replicaIdentity: 'default' | 'index' | 'full' | 'nothing';
}
