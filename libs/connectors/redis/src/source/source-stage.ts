import { checkDeclaredKey, declaredTableFields } from '@millrace/connector-contract';
import { z } from 'zod';

const STREAMS_MAX = 1_000;

/** What a source stage reads. */
export const sourceStage = z
  .strictObject({
    streams: z
      .array(z.string().min(1))
      .min(1)
      .max(STREAMS_MAX)
      .refine((keys) => new Set(keys).size === keys.length, 'each stream once')
      .meta({ description: 'Keys of the streams. A stream need not exist yet. Cluster: all in one slot.' }),
    ...declaredTableFields({
      columns:
        'Columns by name with their types, taken from the fields of an entry, or from the members of the JSON object in "field".',
      key: 'Columns that identify a row.',
    }),
    field: z.string().min(1).optional().meta({
      description:
        'Field with the row as a JSON object, such as row for what the sink writes; then an entry whose field op is d is a delete. Default: the fields are the columns.',
    }),
    from: z.enum(['earliest', 'latest']).default('earliest').meta({
      description: 'Where a first start begins: with the oldest entry there is, or with what comes.',
    }),
    follow: z
      .boolean()
      .default(true)
      .meta({ description: 'true: go on with entries that come. false: end with those that are there.' }),
    group: z.string().min(1).optional().meta({
      description:
        'Consumer group that is told how far committed snapshots are, for tools that show its lag. Nothing is read from it. Default: none.',
    }),
  })
  .superRefine(checkDeclaredKey);

export type SourceStage = z.output<typeof sourceStage>;
