import { isAbsolute } from 'node:path';
import { parseSizeBytes } from '@millrace/kernel';
import { z } from 'zod';

const PLACEHOLDERS = ['schema', 'table', 'job'] as const;
const PLACEHOLDER = /\{([^}]*)\}/g;

const ROLL_BYTES_MIN = 65_536;
const MEMORY_MIN = 16_777_216;

/** What is wrong with a path template, or `undefined`. */
function pathProblem(path: string): string | undefined {
  const unknown = [...path.matchAll(PLACEHOLDER)]
    .map((match) => match[1]!)
    .find((name) => !(PLACEHOLDERS as readonly string[]).includes(name));
  if (unknown !== undefined)
    return `{${unknown}} is not known; use ${PLACEHOLDERS.map((name) => `{${name}}`).join(', ')}`;
  const rest = path.replaceAll(PLACEHOLDER, 'x');
  if (/[{}\\\0]/.test(rest)) return 'braces stand around a placeholder only; no backslash';
  if (rest.split('/').some((part) => part === '' || part.startsWith('.'))) {
    return 'a relative path whose parts are neither empty nor start with a dot';
  }
  return undefined;
}

export const filesConfig = z.strictObject({
  directory: z
    .string()
    .refine((path) => isAbsolute(path), 'an absolute path')
    .meta({
      description:
        'Directory below which the files appear; it must exist, on one file system shared by all members that may run the job.',
    }),
});

export const filesStage = z
  .strictObject({
    path: z
      .string()
      .default('{schema}.{table}')
      .superRefine((path, context) => {
        const problem = pathProblem(path);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
      })
      .meta({
        description: 'Folder of the files below the directory. {schema}, {table} and {job} (its name) are replaced.',
      }),
    format: z.enum(['debezium-json', 'ndjson', 'csv', 'parquet', 'avro']).default('debezium-json').meta({
      description:
        "debezium-json: Debezium's envelope, a line each. ndjson: one row per line as a JSON object. csv: RFC 4180 with a header. parquet: typed columns. avro: object container files.",
    }),
    compression: z.enum(['none', 'gzip', 'zstd']).default('none').meta({
      description: 'Compression of the files; of the pages of parquet and the blocks of avro (gzip: deflate).',
    }),
    metadata: z.boolean().default(true).meta({
      description:
        'ndjson, csv, parquet, avro: members or columns __op, __table, __lsn, __index, __commit_time before those of the row.',
    }),
    deletes: z.enum(['write', 'skip']).default('write').meta({
      description: 'write: deletes and truncates are lines with __op "d" and "t". skip: they are left out.',
    }),
    json: z
      .enum(['string', 'inline'])
      .default('string')
      .meta({ description: 'debezium-json: json and jsonb values as strings, or as values of the line.' }),
    database: z.string().default('').meta({ description: 'debezium-json: what source.db says in each line.' }),
    rollBytes: z
      .string()
      .default('128MiB')
      .refine((text) => (parseSizeBytes(text) ?? 0) >= ROLL_BYTES_MIN, 'a size of at least 64KiB, such as 128MiB')
      .meta({ description: 'A file that reaches this size, as stored, is followed by another.' }),
    memory: z
      .string()
      .default('96MiB')
      .refine((text) => (parseSizeBytes(text) ?? 0) >= MEMORY_MIN, 'a size of at least 16MiB, such as 96MiB')
      .meta({
        description:
          'Bytes of rows that are not written yet, per writer. When it is full, the largest file is finished early.',
      }),
  })
  .superRefine((stage, context) => {
    if (stage.metadata || stage.deletes === 'skip' || stage.format === 'debezium-json') return;
    const message = 'without metadata a deleted row looks like any other: set metadata to true, or deletes to skip';
    context.addIssue({ code: 'custom', path: ['deletes'], message });
  });

export type FilesConfig = z.infer<typeof filesConfig>;
export type FilesStage = z.infer<typeof filesStage>;
