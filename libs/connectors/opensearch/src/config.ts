import { nameTemplate, secretField } from '@millrace/connector-contract';
import { parseDurationMs, parseSizeBytes } from '@millrace/kernel';
import { z } from 'zod';

const NODES_MAX = 32;
const TIMEOUT_MS_MAX = 600_000;
const PATIENCE_MS_MAX = 600_000;
const BULK_BYTES_MAX = 50 * 1_024 * 1_024;
const BULK_RECORDS_MAX = 10_000;
const CONCURRENCY_MAX = 16;
const SHARDS_MAX = 1_024;
const REPLICAS_MAX = 100;
/** What may stand in the name of an index. https://docs.opensearch.org/latest/api-reference/index-apis/create-index/ */
const INDEX_NAME = /^[a-z0-9][a-z0-9._-]{0,254}$/;

const duration = (msMax: number) =>
  z.string().refine(
    (text) => {
      const ms = parseDurationMs(text);
      return ms !== undefined && ms > 0 && ms <= msMax;
    },
    `a duration above 0 and up to ${msMax / 1_000}s, such as 30s`,
  );

const isNode = (text: string): boolean => {
  const url = URL.parse(text);
  const isPlain = url?.username === '' && url.password === '' && url.hash === '' && url.search === '';
  return isPlain && (url.protocol === 'https:' || url.protocol === 'http:');
};

export const connectionSchema = z
  .strictObject({
    nodes: z
      .array(
        z.string().refine(isNode, 'an address that begins with https:// or http://, without user, password and query'),
      )
      .min(1)
      .max(NODES_MAX)
      .meta({
        description:
          'Addresses of the cluster: https://search.example:9200. When one does not answer, the next is asked.',
      }),
    user: z.string().min(1).optional().meta({ description: 'User of basic authentication.' }),
    password: secretField().optional().meta({ description: 'Password of the user.' }),
    apiKey: secretField()
      .optional()
      .meta({ description: 'API key in place of a user, as Elasticsearch prints it in "encoded".' }),
    ca: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Certificates (PEM) of authorities to trust instead of the usual ones.' }),
    timeout: duration(TIMEOUT_MS_MAX).default('60s').meta({ description: 'Time that an answer may take.' }),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    message: 'user and password belong together',
    path: ['password'],
  })
  .refine(({ user, apiKey }) => user === undefined || apiKey === undefined, {
    message: 'either a user or an API key',
    path: ['apiKey'],
  });

export const sinkStage = z.strictObject({
  mode: z.enum(['upsert', 'append']).default('upsert').meta({
    description:
      'upsert: a document for each row, found by its key; deletes remove it. append: a document for each change, which is never touched again.',
  }),
  index: nameTemplate(INDEX_NAME, 'lower case letters, digits, ".", "_" and "-", beginning with a letter or digit')
    .default('{table}')
    .meta({
      description:
        'Index, alias or (with append) data stream: shop-{table}. {schema}, {table} and {job} are replaced, in lower case.',
    }),
  id: z.array(z.string().min(1)).min(1).max(32).optional().meta({
    description:
      "Columns whose values are the document's _id; by default the key of the table. With append: columns that tell changes apart which have no position.",
  }),
  routing: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Column of the key whose value decides the shard of a document.' }),
  deletes: z.enum(['apply', 'ignore']).default('apply').meta({
    description: 'apply: a deleted row takes its document along, and a truncated table all. ignore: they stay.',
  }),
  createIndex: z.boolean().default(true).meta({
    description:
      'Create an index that is missing, with a mapping made from the columns. false: the cluster does, by its templates and its own guesses, or refuses.',
  }),
  shards: z
    .int()
    .min(1)
    .max(SHARDS_MAX)
    .optional()
    .meta({ description: 'Primary shards of an index that is created; the cluster decides when absent.' }),
  replicas: z
    .int()
    .min(0)
    .max(REPLICAS_MAX)
    .optional()
    .meta({ description: 'Copies of each shard of an index that is created; the cluster decides when absent.' }),
  refresh: z.enum(['false', 'true', 'wait_for']).default('false').meta({
    description:
      'When documents can be found. false: at the next refresh of the index. wait_for: writing waits for that. true: each request refreshes, which is slow.',
  }),
  records: z
    .int()
    .min(1)
    .max(BULK_RECORDS_MAX)
    .default(1_000)
    .meta({ description: 'Documents of a bulk request at most.' }),
  size: z
    .string()
    .refine((text) => {
      const bytes = parseSizeBytes(text);
      return bytes !== undefined && bytes > 0 && bytes <= BULK_BYTES_MAX;
    }, 'a size up to 50MiB, such as 5MiB')
    .default('5MiB')
    .meta({ description: 'Size of a bulk request at most; a single larger document goes alone.' }),
  concurrency: z.int().min(1).max(CONCURRENCY_MAX).default(2).meta({
    description: 'Bulk requests under way at most. The changes of a document go one request after the other.',
  }),
  patience: duration(PATIENCE_MS_MAX).default('60s').meta({
    description:
      'Time for which a request is tried again when the cluster is away or has too much to do. After it the job fails, and starts again later by itself.',
  }),
});

export type ConnectionOptions = z.output<typeof connectionSchema>;
export type SinkStage = z.output<typeof sinkStage>;
