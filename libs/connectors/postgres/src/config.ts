import { type ReloadRequest, type Resolved, secretField } from '@millrace/connector-contract';
import { z } from 'zod';

/** Most connections that may load tables at once. */
const LOAD_CONNECTIONS_MAX = 8;
const CHUNK_ROWS_MAX = 1_000_000;
const TABLES_MAX = 10_000;

/** How to reach the database of a registered source. */
export const connectionSchema = z.strictObject({
  host: z.string().min(1).meta({ description: 'Host name or address of the server.' }),
  port: z.int().min(1).max(65_535).default(5_432).meta({ description: 'TCP port.' }),
  database: z.string().min(1).meta({ description: 'Database to capture.' }),
  user: z.string().min(1).meta({ description: 'Role with LOGIN, REPLICATION and SELECT on the tables.' }),
  password: secretField().optional().meta({ description: 'Password of the user.' }),
  ssl: z.enum(['disable', 'prefer', 'require', 'verify-full']).default('prefer').meta({
    description:
      'disable: never TLS. prefer: TLS if the server has it. require: TLS, any certificate (with "ca": one of that authority). verify-full: TLS, certificate of a trusted authority for this host.',
  }),
  ca: z.string().min(1).optional().meta({ description: 'PEM certificates of the authorities to trust.' }),
});

export type ConnectionOptions = z.output<typeof connectionSchema>;

/** Schema of virtual tables: no schema of PostgreSQL can begin with `pg_` but its own. */
export const MESSAGE_SCHEMA = 'pg_message';

const tableName = z
  .string()
  .regex(/^[^.]+\..+$/s, 'a table with its schema, such as public.orders')
  .meta({
    description: 'Table with its schema, unquoted and in its exact spelling: public.orders.',
  });

/** What a job's source stage captures. */
export const stageSchema = z.strictObject({
  tables: z
    .array(tableName)
    .min(1)
    .max(TABLES_MAX)
    .refine((tables) => new Set(tables).size === tables.length, 'each table once')
    .meta({
      description:
        'Tables to capture. pg_message.PREFIX stands for what transactions write with pg_logical_emit_message(true, PREFIX, text): inserts with the column content.',
    }),
  initialLoad: z.enum(['full', 'none']).default('full').meta({
    description: 'full: the rows that are there, then the changes. none: only changes from now on.',
  }),
  loadConnections: z.int().min(1).max(LOAD_CONNECTIONS_MAX).default(2).meta({
    description: 'Connections that read rows of the initial load at the same time.',
  }),
  chunkRows: z.int().min(1).max(CHUNK_ROWS_MAX).optional().meta({
    description: 'Rows read in one transaction of the initial load. Default: about 4 MiB, at most 20,000.',
  }),
});

export type StageOptions = z.output<typeof stageSchema>;

/** Everything a source instance is made of. */
export type PostgresSourceOptions = Resolved<ConnectionOptions, StageOptions> & {
  readonly sinksShowRowsAtOnce: boolean;
  readonly reloads?: readonly ReloadRequest[] | undefined;
};

/** A table by its two names. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** Splits `public.orders` at the first dot. */
export function parseTableName(text: string): TableName {
  const dot = text.indexOf('.');
  return { schema: text.slice(0, dot), table: text.slice(dot + 1) };
}

/** The tables of a stage: those of the database, and the prefixes of messages that are as tables. */
export function partTables(names: readonly string[]): {
  readonly tables: readonly TableName[];
  readonly prefixes: readonly string[];
} {
  const all = names.map(parseTableName);
  const isMessage = ({ schema }: TableName): boolean => schema === MESSAGE_SCHEMA;
  return {
    tables: all.filter((table) => !isMessage(table)),
    prefixes: all.filter(isMessage).map(({ table }) => table),
  };
}
