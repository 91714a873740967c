import { derivedSchema } from '../change/encode-rows.ts';
import type { ColumnKind, TableSchema } from '../change/table-schema.ts';

/** Types that a user may declare a column with, as PostgreSQL names them. */
export const DECLARED_TYPES = {
  smallint: 'integer',
  integer: 'integer',
  bigint: 'bigint',
  numeric: 'exact',
  real: 'float',
  'double precision': 'float',
  boolean: 'boolean',
  text: 'text',
  date: 'date',
  time: 'time',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  uuid: 'uuid',
  json: 'json',
  jsonb: 'json',
  bytea: 'bytea',
} as const satisfies Record<string, ColumnKind>;

export type DeclaredType = keyof typeof DECLARED_TYPES;

const SQL_TYPE: Readonly<Record<string, string>> = {
  time: 'time without time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
};

/** Rows whose shape the user declares, because what they come from has none. */
export interface DeclaredTable {
  /** `schema.table`. */
  readonly table: string;
  readonly columns: Readonly<Record<string, DeclaredType>>;
  readonly key: readonly string[];
}

/** The shape of the rows. */
export function declaredSchema({ table, columns, key }: DeclaredTable): TableSchema {
  const [schema, name] = table.split('.') as [string, string];
  return derivedSchema(
    schema,
    name,
    Object.entries(columns).map(([column, type]) => ({
      name: column,
      kind: DECLARED_TYPES[type],
      sqlType: SQL_TYPE[type] ?? type,
      key: key.includes(column),
    })),
  );
}
