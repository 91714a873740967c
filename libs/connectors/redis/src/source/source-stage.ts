import { checkDeclaredKey, declaredTableFields } from '@millrace/connector-contract';
import { parseDurationMs } from '@millrace/kernel';
import { z } from 'zod';

const KEYS_MAX = 1_000;
const ROWS_MAX = 1_000_000;
const POLL_MS_MIN = 10;

/** What a source stage reads. */
export const sourceStage = z
  .strictObject({
    type: z.enum(['stream', 'hash', 'hashes', 'list', 'publish']).default('stream').meta({
      description:
        'stream: the entries of streams. hash: the fields of hashes, each a row, as they change. hashes: the hashes KEY:ROW, each a row, as they change. list: the elements of lists, from the left. publish: messages of channels, while the job listens.',
    }),
    keys: z
      .array(z.string().min(1))
      .min(1)
      .max(KEYS_MAX)
      .refine((keys) => new Set(keys).size === keys.length, 'each key once')
      .meta({
        description:
          'Keys of the streams, hashes or lists; of hashes what stands before ":" and the key of the row. They need not exist yet. publish: channels, or patterns (*, ?, [ab]). Cluster: all in one slot.',
      }),
    ...declaredTableFields({
      columns:
        'Columns by name with their types, taken from the fields of an entry or a hash, or from the members of JSON objects.',
      key: 'Columns that identify a row. Of hash and hashes they are what the field, or the end of the key, says.',
    }),
    field: z.string().min(1).optional().meta({
      description:
        'Where the row is, as a JSON object: the field of an entry of a stream, the member of an object in a list or a message, such as row for what the sink writes; then op = d beside it is a delete. Default: the fields or members are the columns.',
    }),
    value: z.string().min(1).optional().meta({
      description:
        'For hash, list and publish: the column that takes the text of the value. Default: the value is a JSON object.',
    }),
    from: z.enum(['earliest', 'latest']).default('earliest').meta({
      description: 'For stream. Where a first start begins: with the oldest entry there is, or with what comes.',
    }),
    follow: z
      .boolean()
      .default(true)
      .meta({ description: 'true: go on with what comes. false: end with what is there.' }),
    group: z.string().min(1).optional().meta({
      description:
        'For stream: consumer group that is told how far committed snapshots are, for tools that show its lag. Nothing is read from it. Default: none.',
    }),
    remove: z.boolean().default(false).meta({
      description: 'For list. true: elements are removed when a committed snapshot holds them. false: they stay.',
    }),
    poll: z
      .string()
      .refine((text) => (parseDurationMs(text) ?? 0) >= POLL_MS_MIN, 'a duration of at least 10ms, such as 1s')
      .optional()
      .meta({
        description:
          'For list: how often new elements are looked for; default 200ms. For hash and hashes: how often all is looked at, beside what notifications tell; default 60s.',
      }),
    rows: z.int().min(1).max(ROWS_MAX).default(100_000).meta({
      description:
        'For hash and hashes: rows at most. What each was when it was handed on, 16 bytes and its key, is part of each snapshot.',
    }),
  })
  .superRefine((stage, context) => {
    const { type, field, value, group, remove, follow, columns, key } = stage;
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    const isKeyed = type === 'hash' || type === 'hashes';
    if (isKeyed && key.length === 0) refuse('key', `needed with type ${type}`);
    if (isKeyed && field !== undefined) refuse('field', 'only with type stream, list or publish');
    if (value !== undefined) {
      if (type === 'stream' || type === 'hashes') refuse('value', 'only with type hash, list or publish');
      if (field !== undefined) refuse('value', 'not with field');
      const taken = isKeyed ? key : [];
      const rest = Object.keys(columns).filter((name) => !taken.includes(name));
      if (rest.join('\0') !== value) refuse('value', 'has to be the only column beside the key of a hash');
    }
    if (group !== undefined && type !== 'stream') refuse('group', 'only with type stream');
    if (remove && type !== 'list') refuse('remove', 'only with type list');
    if (!follow && type === 'publish') refuse('follow', 'messages of channels have no end');
    checkDeclaredKey(stage, context);
  });

export type SourceStage = z.output<typeof sourceStage>;

const POLL_MS = { list: 200, hash: 60_000, hashes: 60_000 };

export const pollMs = ({ poll, type }: SourceStage): number =>
  poll === undefined ? POLL_MS[type as keyof typeof POLL_MS] : parseDurationMs(poll)!;

/** Keys are spread over the instances of the stage. */
export const keysOfInstance = (
  { keys }: SourceStage,
  { globalIndex, totalParallelism }: { readonly globalIndex: number; readonly totalParallelism: number },
): readonly string[] => keys.filter((_, index) => index % totalParallelism === globalIndex);
