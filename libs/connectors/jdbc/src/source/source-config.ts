import { DECLARED_TYPES, type DeclaredType } from '@millrace/formats';
import { parseDurationMs } from '@millrace/kernel';
import { z } from 'zod';
import { type TargetName, templateParts } from '../config.ts';

const POLL_MS_MIN = 100;
const PARALLEL_MAX = 16;
const KEY_COLUMNS_MAX = 32;
const PARAMETERS_MAX = 32;
const PARAMETER_LENGTH_MAX = 1_000;

const columnName = z.string().min(1);

/** What a job's source stage reads. */
export const sourceStageSchema = z
  .strictObject({
    table: z
      .string()
      .regex(/^[^.]+(\.[^.]+)?$/, 'a table, or a schema and a table, such as public.orders')
      .meta({
        description:
          'Table or view to read; exact spelling, no quotes. With "query": the table its rows are said to be of, with its schema.',
      }),
    query: columnName.optional().meta({
      description: 'A SELECT whose rows are read instead of those of a table. It can change nothing.',
    }),
    parameters: z
      .record(
        z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, 'a name of small letters, digits and "_"'),
        z.string().max(PARAMETER_LENGTH_MAX),
      )
      .refine((given) => Object.keys(given).length <= PARAMETERS_MAX, `at most ${PARAMETERS_MAX}`)
      .default({})
      .meta({
        description:
          "Values for the query, as texts. They are bound to the session and never become part of the query, which reads them: current_setting('millrace.NAME') at PostgreSQL, @NAME at MySQL and MariaDB, parameter('NAME') at SQLite.",
      }),
    key: z
      .array(columnName)
      .max(KEY_COLUMNS_MAX)
      .refine((columns) => new Set(columns).size === columns.length, 'each column once')
      .default([])
      .meta({
        description:
          "Columns, never null, that tell rows apart. Default: the table's primary key. A query needs them. Rows are read in their order, so that reading can go on in the middle.",
      }),
    parallel: z.int().min(1).max(PARALLEL_MAX).optional().meta({
      description:
        'Connections that read ranges of the first key column at the same time: of integers and times, and at PostgreSQL of all types once the table has been analyzed. Default: 4 for a table, 1 for a query, which runs once for each range, and for sqlite.',
    }),
    watermark: columnName.optional().meta({
      description:
        'Column that gets a higher value whenever a row is inserted or changed. With it the source goes on looking for such rows; without it, it reads all rows once and ends.',
    }),
    overlap: z
      .union([
        z.int().min(0),
        z.string().refine((text) => parseDurationMs(text) !== undefined, 'a duration such as 30s, or a whole number'),
      ])
      .optional()
      .meta({
        description:
          'How far behind the highest watermark each look begins, for rows that are committed later than rows with higher ones: a duration for times, a whole number for numbers. Rows read before are recognised. 0: it never happens.',
      }),
    poll: z
      .string()
      .default('10s')
      .refine((text) => (parseDurationMs(text) ?? 0) >= POLL_MS_MIN, 'a duration of at least 100ms, such as 10s')
      .meta({ description: 'How long to wait between two looks.' }),
    types: z
      .record(columnName, z.enum(Object.keys(DECLARED_TYPES) as DeclaredType[]))
      .default({})
      .meta({
        description:
          'sqlite: types of columns by name, where the declared one says too little (expressions have none, times are texts). A value that does not fit is an error.',
      }),
    zeroDates: z.enum(['refuse', 'null']).default('refuse').meta({
      description: 'mysql: what becomes of dates such as 0000-00-00. refuse: the job fails and names the row.',
    }),
  })
  .superRefine((stage, context) => {
    const issue = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if (stage.query !== undefined && !stage.table.includes('.'))
      issue('table', 'a schema and a table, such as public.report');
    if (stage.query !== undefined && stage.key.length === 0) issue('key', 'a query needs a key');
    if (stage.query === undefined && Object.keys(stage.parameters).length > 0) issue('parameters', 'only with "query"');
    if (stage.watermark === undefined && stage.overlap !== undefined) issue('overlap', 'only with "watermark"');
    if (stage.watermark !== undefined && stage.parallel !== undefined) issue('parallel', 'not with "watermark"');
  });

export type SourceStage = z.output<typeof sourceStageSchema>;

/** What is read: a relation of the database, or a query. */
export type Relation = { readonly name: TargetName } | { readonly query: string };

export function relationOf({ table, query }: SourceStage): Relation {
  if (query !== undefined) return { query };
  const parts = templateParts(table);
  return { name: { schema: parts.length > 1 ? parts[0] : undefined, table: parts.at(-1)! } };
}
