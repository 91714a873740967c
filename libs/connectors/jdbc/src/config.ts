import { secretField } from '@millrace/connector-contract';
import { z } from 'zod';

const KEY_COLUMNS_MAX = 32;
const PLACEHOLDER = /\{([^{}]*)\}/g;

/** How to reach the database of a registered sink. */
export const connectionSchema = z.strictObject({
  dialect: z.literal('postgres').default('postgres').meta({ description: 'Kind of database.' }),
  host: z.string().min(1).meta({ description: 'Host name or address of the server.' }),
  port: z.int().min(1).max(65_535).default(5_432).meta({ description: 'TCP port.' }),
  database: z.string().min(1).meta({ description: 'Database to write to.' }),
  user: z.string().min(1).meta({ description: 'Role with TEMPORARY on the database and write rights on the tables.' }),
  password: secretField().optional(),
  ssl: z.enum(['disable', 'prefer', 'require', 'verify-full']).default('prefer').meta({
    description:
      'disable: never TLS. prefer: TLS if the server has it. require: TLS, any certificate (with "ca": one of that authority). verify-full: TLS, certificate of a trusted authority for this host.',
  }),
  ca: z.string().min(1).optional().meta({ description: 'PEM certificates of the authorities to trust.' }),
});

export type ConnectionOptions = z.output<typeof connectionSchema>;

const template = z
  .string()
  .min(1)
  .refine(
    (text) => [...text.matchAll(PLACEHOLDER)].every(([, name]) => name === 'schema' || name === 'table'),
    'only {schema} and {table} can stand in braces',
  )
  .refine((text) => templateParts(text).every((part) => part !== ''), 'a table, or a schema and a table');

/** What a job's sink stage does with the changes. */
export const stageSchema = z.strictObject({
  mode: z.literal('upsert').default('upsert').meta({ description: 'upsert: the target holds the current rows.' }),
  table: template.default('{schema}.{table}').meta({
    description: 'Target table; {schema} and {table} stand for the names at the source. Exact spelling, no quotes.',
  }),
  key: z
    .array(z.string().min(1))
    .min(1)
    .max(KEY_COLUMNS_MAX)
    .refine((columns) => new Set(columns).size === columns.length, 'each column once')
    .optional()
    .meta({ description: "Columns that identify a row. Default: the source table's key." }),
  deletes: z.enum(['apply', 'ignore']).default('apply').meta({
    description: 'ignore: rows deleted or truncated at the source stay in the target.',
  }),
  createTable: z.boolean().default(true).meta({ description: 'Create the schema and table when they are missing.' }),
});

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
