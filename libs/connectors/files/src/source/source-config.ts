import { checkDeclaredKey, declaredTableFields } from '@millrace/connector-contract';
import { type DeclaredType, declaredSchema, type TableSchema } from '@millrace/formats';
import { globProblem } from '@millrace/formats/rows';
import { parseDurationMs, parseSizeBytes } from '@millrace/kernel';
import { z } from 'zod';

const POLL_MS_MIN = 100;
const LINE_BYTES_MIN = 65_536;
const LINE_BYTES_MAX = 268_435_456;

/** Columns that `metadata` adds. */
export const FILE_COLUMN = '__file';
export const POSITION_COLUMN = '__position';
const METADATA: Readonly<Record<string, DeclaredType>> = { [FILE_COLUMN]: 'text', [POSITION_COLUMN]: 'text' };

const { table, columns, key } = declaredTableFields({
  columns: 'Columns by name with their types.',
  key: 'Columns that identify a row.',
});

/** What a job's source stage reads. */
export const filesSourceStage = z
  .strictObject({
    files: z
      .string()
      .superRefine((glob, context) => {
        const problem = globProblem(glob);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
      })
      .meta({
        description:
          'Which files, below the directory: * stands for anything within a part of the path, ** for any parts, ? for one character. Names that begin with a dot are left out.',
      }),
    format: z.enum(['ndjson', 'csv', 'text', 'parquet', 'avro']).default('ndjson').meta({
      description:
        'ndjson: an object per line. csv: with a header. text: a row per line. These are decompressed when their names end with .gz or .zst. parquet: columns of plain values. avro: object container files.',
    }),
    table,
    columns: columns.optional().meta({
      description:
        'Columns by name with their types. Others in the files are left out. Of text: the one column that takes the line; default {"line": "text"}.',
    }),
    key,
    metadata: z.boolean().default(false).meta({
      description:
        'Adds the columns __file (path below the directory) and __position (of the row: unique, and within a file in order), which may be the key.',
    }),
    follow: z.boolean().default(true).meta({
      description: 'true: go on with lines and files that come later. false: end after what is there.',
    }),
    poll: z
      .string()
      .default('1s')
      .refine((text) => (parseDurationMs(text) ?? 0) >= POLL_MS_MIN, 'a duration of at least 100ms, such as 1s')
      .meta({ description: 'How often new lines and files are looked for.' }),
    appends: z.boolean().default(true).meta({
      description:
        'With follow, of lines that are not compressed. true: files grow; a line is taken when a line feed ends it. false: a file is whole when it appears.',
    }),
    gaps: z.enum(['fail', 'accept']).default('fail').meta({
      description:
        'When bytes that were seen and not read are gone (a file was truncated or removed). fail: the job stops. accept: it goes on; the metric bytesLost says how many.',
    }),
    lineBytes: z
      .string()
      .default('16MiB')
      .refine((text) => {
        const bytes = parseSizeBytes(text) ?? 0;
        return bytes >= LINE_BYTES_MIN && bytes <= LINE_BYTES_MAX;
      }, 'a size from 64KiB to 256MiB, such as 16MiB')
      .meta({ description: 'A longer line stops the job.' }),
  })
  .superRefine((stage, context) => {
    const problem = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    const declared = columnsOf(stage);
    if (Object.keys(declared).length === 0) problem('columns', 'needed, except for text');
    else if (stage.format === 'text' && Object.values(declared).join() !== 'text')
      problem('columns', 'text has one column, of type text');
    for (const name of Object.keys(METADATA))
      if (stage.metadata && declared[name] !== undefined)
        problem('columns', `"${name}" is a column that metadata adds`);
    checkDeclaredKey({ columns: { ...declared, ...(stage.metadata ? METADATA : {}) }, key: stage.key }, context);
  });

export type FilesSourceStage = z.infer<typeof filesSourceStage>;

type Declared = Pick<FilesSourceStage, 'format' | 'columns'>;

const columnsOf = ({ format, columns: declared }: Declared): Readonly<Record<string, DeclaredType>> =>
  declared ?? (format === 'text' ? { line: 'text' } : {});

/** The rows as the stage delivers them. */
export const rowSchema = (stage: FilesSourceStage): TableSchema =>
  declaredSchema({
    table: stage.table,
    columns: { ...(stage.metadata ? METADATA : {}), ...columnsOf(stage) },
    key: stage.key,
  });

/** The rows as the files hold them. */
export const parsedSchema = (stage: FilesSourceStage): TableSchema => {
  const declared = columnsOf(stage);
  return declaredSchema({
    table: stage.table,
    columns: declared,
    key: stage.key.filter((name) => declared[name] !== undefined),
  });
};
