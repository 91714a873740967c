import { isAbsolute } from 'node:path';
import { checkDeletesAreTold, rowFileFields, secretField } from '@millrace/connector-contract';
import { parseSizeBytes } from '@millrace/kernel';
import { z } from 'zod';

const PLACEHOLDERS = ['schema', 'table', 'job'] as const;
const PLACEHOLDER = /\{([^}]*)\}/g;

const NAME_NODES_MAX = 8;
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

const isNameNode = (text: string): boolean => {
  const url = URL.parse(text);
  const isPlain = url?.username === '' && url.password === '' && url.hash === '' && url.search === '';
  return isPlain && (url.protocol === 'https:' || url.protocol === 'http:');
};

export const filesConfig = z.strictObject({
  directory: z
    .string()
    .refine((path) => isAbsolute(path), 'an absolute path')
    .meta({
      description:
        'Directory below which the files appear; it must exist, on one file system shared by all members that may run the job.',
    }),
  nameNodes: z
    .array(z.string().refine(isNameNode, 'an address that begins with http:// or https://, without user and query'))
    .min(1)
    .max(NAME_NODES_MAX)
    .optional()
    .meta({
      description:
        'For a directory of HDFS: addresses of the web interface of its NameNodes (http://namenode:9870), or of an HttpFS. The one that is active is found.',
    }),
  user: z.string().min(1).optional().meta({ description: 'User of HDFS (simple authentication).' }),
  delegationToken: secretField()
    .optional()
    .meta({ description: 'Delegation token of HDFS, in place of the user; somebody has to renew it.' }),
  ca: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Certificates (PEM) of authorities to trust for https:// instead of the usual ones.' }),
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
    ...rowFileFields,
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
  .superRefine(checkDeletesAreTold);

export type FilesConfig = z.infer<typeof filesConfig>;
export type FilesStage = z.infer<typeof filesStage>;
