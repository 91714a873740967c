import { checkDeclaredKey, declaredTableFields } from '@millrace/connector-contract';
import { parseDurationMs } from '@millrace/kernel';
import { z } from 'zod';
import { checkSourceFormat, sourceFormatFields } from './source-format-options.ts';

const TOPICS_MAX = 1_000;
const DISCOVER_MS_MIN = 1_000;

/** What a job's source stage reads. */
export const sourceStage = z
  .strictObject({
    topics: z
      .array(z.string().regex(/^[A-Za-z0-9._-]{1,249}$/, 'the name of a topic'))
      .min(1)
      .max(TOPICS_MAX)
      .refine((topics) => new Set(topics).size === topics.length, 'each topic once')
      .meta({ description: 'Topics to read; all their messages have one shape.' }),
    from: z.enum(['earliest', 'latest']).default('earliest').meta({
      description: 'Where a job begins: at the oldest message, or with those that come from now on.',
    }),
    ...sourceFormatFields,
    ...declaredTableFields({
      columns: 'Columns by name with their types, taken from what a message holds. Others are left out.',
      key: 'Columns that identify a row. With them a message without value deletes the row that its key names.',
    }),
    follow: z
      .boolean()
      .default(true)
      .meta({ description: 'true: go on with messages that come. false: end with those that are there.' }),
    discover: z
      .string()
      .default('30s')
      .refine((text) => (parseDurationMs(text) ?? 0) >= DISCOVER_MS_MIN, 'a duration of at least 1s, such as 30s')
      .meta({ description: 'How often new partitions are looked for.' }),
    group: z.string().min(1).optional().meta({
      description:
        'Consumer group to which the positions of committed snapshots are told, for tools that show lag; nothing is read from it. Default: millrace.JOB.STAGE.',
    }),
  })
  .superRefine(checkDeclaredKey)
  .superRefine(checkSourceFormat);

export type SourceStage = z.output<typeof sourceStage>;
