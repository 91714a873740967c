import { isAbsolute } from 'node:path';
import { secretField } from '@millrace/connector-contract';
import { assert } from '@millrace/kernel';
import { z } from 'zod';

const KEY_COLUMNS_MAX = 32;
/** PostgreSQL and MySQL take about as much. */
const NAME_LENGTH_MAX = 63;
const PLACEHOLDER = /\{([^{}]*)\}/g;

export const DIALECTS = ['postgres', 'mysql', 'sqlite'] as const;

/** How to reach the database of a registered sink. */
export const connectionSchema = z
  .strictObject({
    dialect: z.enum(DIALECTS).default('postgres').meta({
      description: 'Kind of database. mysql: MySQL and MariaDB. sqlite: a file that the worker can reach.',
    }),
    host: z.string().min(1).optional().meta({ description: 'Host name or address of the server. Not for sqlite.' }),
    port: z.int().min(1).max(65_535).optional().meta({
      description: 'TCP port; default 5432 for postgres, 3306 for mysql.',
    }),
    database: z
      .string()
      .min(1)
      .meta({ description: 'Database to write to; for sqlite the absolute path of its file.' }),
    user: z.string().min(1).optional().meta({
      description:
        'User with write rights on the tables (postgres: and TEMPORARY on the database; mysql: and CREATE TEMPORARY TABLES).',
    }),
    password: secretField().optional().meta({ description: 'Password of the user.' }),
    ssl: z.enum(['disable', 'prefer', 'require', 'verify-full']).default('prefer').meta({
      description:
        'disable: never TLS. prefer: TLS if the server has it. require: TLS, any certificate (with "ca": one of that authority). verify-full: TLS, certificate of a trusted authority for this host.',
    }),
    ca: z.string().min(1).optional().meta({ description: 'PEM certificates of the authorities to trust.' }),
  })
  .superRefine((options, context) => {
    const isFile = options.dialect === 'sqlite';
    for (const name of ['host', 'user'] as const) {
      if ((options[name] === undefined) === isFile) continue;
      const message = isFile ? `"${name}" is not for sqlite` : `"${name}" is missing`;
      context.addIssue({ code: 'custom', path: [name], message });
    }
    if (isFile && !isAbsolute(options.database)) {
      context.addIssue({ code: 'custom', path: ['database'], message: 'the absolute path of a file' });
    }
  });

export type ConnectionOptions = z.output<typeof connectionSchema>;

/** Options of a database behind a server. */
export interface ServerOptions extends ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** The schema has made sure of host and user. */
export function serverOptions(options: ConnectionOptions, defaultPort: number): ServerOptions {
  const { host, user, port = defaultPort } = options;
  assert(host !== undefined && user !== undefined, 'a server has an address and a user');
  return { ...options, host, user, port };
}

const template = z
  .string()
  .min(1)
  .refine(
    (text) => [...text.matchAll(PLACEHOLDER)].every(([, name]) => name === 'schema' || name === 'table'),
    'only {schema} and {table} can stand in braces',
  )
  .refine((text) => templateParts(text).every((part) => part !== ''), 'a table, or a schema and a table');

const name = z.string().min(1).max(NAME_LENGTH_MAX);

/** What a job's sink stage does with the changes. */
export const stageSchema = z
  .strictObject({
    mode: z.enum(['upsert', 'insert-only', 'append']).default('upsert').meta({
      description:
        'upsert: the target holds the current rows. insert-only: new rows are added and never touched again; updates, deletes and truncates at the source change nothing. append: each change becomes a row of its own, visible when the snapshot that covers it is committed.',
    }),
    table: template.optional().meta({
      description:
        'Target table; {schema} and {table} stand for the names at the source. Exact spelling, no quotes. Default: {schema}.{table} for postgres, {table} for mysql (where a schema is a database) and sqlite.',
    }),
    key: z
      .array(z.string().min(1))
      .min(1)
      .max(KEY_COLUMNS_MAX)
      .refine((columns) => new Set(columns).size === columns.length, 'each column once')
      .optional()
      .meta({ description: "Columns of the source that identify a row. Default: the source table's key." }),
    columns: z
      .record(z.string(), z.union([name, z.literal(false)]))
      .default({})
      .meta({
        description: 'Columns of the source by name: their name in the target, or false to leave them out.',
      }),
    deletes: z.enum(['apply', 'mark', 'ignore']).default('apply').meta({
      description:
        'apply: rows deleted or truncated at the source go from the target. mark: they stay, with true in "deletedColumn". ignore: they stay as they are.',
    }),
    deletedColumn: name.default('_deleted').meta({ description: 'The column that "deletes: mark" writes.' }),
    changeColumns: z.boolean().default(true).meta({
      description:
        'append: write what kind of change a row is and its position at the source into _op (c, r, u, d), _lsn and _index. false: no such columns, and deletes are left out.',
    }),
    createTable: z.boolean().default(true).meta({ description: 'Create the schema and table when they are missing.' }),
    addColumns: z.boolean().default(true).meta({
      description: 'Add columns that the source has and the target lacks; otherwise they are an error.',
    }),
  })
  .refine(
    ({ columns }) =>
      new Set(Object.values(columns).filter(Boolean)).size === Object.values(columns).filter(Boolean).length,
    { path: ['columns'], message: 'two columns with one name' },
  );

export type StageOptions = z.output<typeof stageSchema>;

/** Schema (absent: the connection's current one) and table of a template, before anything is filled in. */
export function templateParts(text: string): readonly string[] {
  const dot = text.indexOf('.');
  return dot < 0 ? [text] : [text.slice(0, dot), text.slice(dot + 1)];
}

/** A target table's names, unquoted. */
export interface TargetName {
  readonly schema: string | undefined;
  readonly table: string;
}

/** Fills a template in. Names from the source are put in as they are, dots and all. */
export function targetName(text: string, source: { readonly schema: string; readonly table: string }): TargetName {
  const filled = templateParts(text).map((part) =>
    part.replace(PLACEHOLDER, (_, name: string) => (name === 'schema' ? source.schema : source.table)),
  );
  return filled.length === 1 ? { schema: undefined, table: filled[0]! } : { schema: filled[0]!, table: filled[1]! };
}
