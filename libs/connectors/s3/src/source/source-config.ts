import { checkDeclaredKey, declaredTableFields } from '@millrace/connector-contract';
import { globProblem } from '@millrace/formats/rows';
import { parseDurationMs } from '@millrace/kernel';
import { z } from 'zod';

const POLL_MS_MIN = 1_000;

/** What a job's source stage reads. */
export const s3SourceStage = z
  .strictObject({
    objects: z
      .string()
      .superRefine((glob, context) => {
        const problem = globProblem(glob);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
      })
      .meta({
        description:
          'Which objects, below the prefix: * stands for anything within a part of the path, ** for any parts, ? for one character.',
      }),
    format: z.enum(['ndjson', 'csv', 'parquet', 'avro']).default('ndjson').meta({
      description:
        'ndjson: an object per line. csv: with a header. Both are decompressed when their names end with .gz or .zst. parquet: columns of plain values. avro: object container files.',
    }),
    ...declaredTableFields({
      columns: 'Columns by name with their types. Others in the objects are left out.',
      key: 'Columns that identify a row.',
    }),
    follow: z
      .boolean()
      .default(true)
      .meta({ description: 'true: go on with objects that come later. false: end after those that are there.' }),
    poll: z
      .string()
      .default('10s')
      .refine((text) => (parseDurationMs(text) ?? 0) >= POLL_MS_MIN, 'a duration of at least 1s, such as 10s')
      .meta({ description: 'How often new objects are looked for.' }),
  })
  .superRefine(checkDeclaredKey);

export type S3SourceStage = z.infer<typeof s3SourceStage>;
