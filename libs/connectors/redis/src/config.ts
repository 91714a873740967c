import { secretField } from '@millrace/connector-contract';
import { z } from 'zod';

const PLACEHOLDERS = ['schema', 'table', 'job'] as const;
const PLACEHOLDER = /\{([^}]*)\}/g;
const REPLICAS_MAX = 32;
const DATABASES_MAX = 1_000_000;

/** How to reach a server. */
export const connectionSchema = z.strictObject({
  host: z.string().min(1).meta({ description: 'Host name or address of the server; of any node of a cluster.' }),
  port: z.int().min(1).max(65_535).default(6_379).meta({ description: 'TCP port.' }),
  database: z.int().min(0).max(DATABASES_MAX).default(0).meta({ description: 'Number of the database. Cluster: 0.' }),
  user: z.string().min(1).optional().meta({ description: 'User of the ACL; the default one when absent.' }),
  password: secretField().optional().meta({ description: 'Password of the user.' }),
  tls: z
    .strictObject({
      ca: z.string().min(1).optional().meta({ description: 'PEM certificates of the authorities to trust.' }),
    })
    .optional()
    .meta({ description: 'Present: TLS, with a certificate of a trusted authority for the host.' }),
});

export type ConnectionOptions = z.output<typeof connectionSchema>;

const keyTemplate = z
  .string()
  .min(1)
  .default('{schema}.{table}')
  .superRefine((template, context) => {
    const unknown = [...template.matchAll(PLACEHOLDER)]
      .map((match) => match[1]!)
      .find((name) => !(PLACEHOLDERS as readonly string[]).includes(name));
    if (unknown === undefined) return;
    const known = PLACEHOLDERS.map((name) => `{${name}}`).join(', ');
    context.addIssue({ code: 'custom', message: `{${unknown}} is not known; use ${known}` });
  });

/** Types with a place for each row, which a later change of the row takes again. */
const KEYED = ['hash', 'hashes', 'string', 'sorted-set'] as const;
const TYPES = [...KEYED, 'list', 'stream', 'publish'] as const;

export type TargetType = (typeof TYPES)[number];

export const isKeyed = (type: TargetType): boolean => (KEYED as readonly string[]).includes(type);

/** What a sink stage writes, and where. */
export const sinkStage = z
  .strictObject({
    type: z.enum(TYPES).meta({
      description:
        'hash: one hash for a table, a field for each row. hashes: a hash for each row, a field for each column. string: a string for each row. sorted-set: a member for each row. list, stream: an entry for each change. publish: a message for each change, for those that listen at that moment.',
    }),
    key: keyTemplate.meta({
      description:
        'Key (publish: channel). {schema}, {table} and {job} (its name) are replaced. Types hashes and string add ":" and the key of the row.',
    }),
    hashTag: z
      .string()
      .regex(/^[^{}]+$/, 'no braces')
      .optional()
      .meta({
        description:
          'Redis Cluster: begins every key with {hashTag}, so that all are in one slot and one script may touch them.',
      }),
    rowKey: z.array(z.string().min(1)).min(1).optional().meta({
      description:
        "Columns that tell rows apart. Default: the table's key. One column: its text. Several: a JSON array of their texts.",
    }),
    value: z.string().min(1).optional().meta({
      description: 'Column that is the value, for hash, string, list and publish. Default: the row as a JSON object.',
    }),
    score: z.string().min(1).optional().meta({
      description:
        'For sorted-set: the column of numbers that sorts. Default: all have 0, so that members sort by their bytes.',
    }),
    deletes: z.enum(['apply', 'ignore']).default('apply').meta({
      description: 'Whether deletes and truncates are applied (list, stream, publish: have an entry).',
    }),
    maxLength: z.int().min(1).optional().meta({
      description: 'For stream: about how many entries are kept (XADD MAXLEN ~). Default: all.',
    }),
    replicas: z.int().min(0).max(REPLICAS_MAX).default(0).meta({
      description: 'Replicas that must have what a snapshot covers (WAITAOF, WAIT) before the snapshot counts.',
    }),
  })
  .superRefine(({ type, score, value, maxLength }, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if (type !== 'sorted-set' && score !== undefined) refuse('score', 'only with type sorted-set');
    if (value !== undefined && ['hashes', 'sorted-set', 'stream'].includes(type))
      refuse('value', 'only with type hash, string, list or publish');
    if (maxLength !== undefined && type !== 'stream') refuse('maxLength', 'only with type stream');
  });

export type SinkStage = z.output<typeof sinkStage>;
