import { defineSource } from '@millrace/connector-contract';
import { declaredSchema } from '@millrace/formats';
import { checkReadable } from '../bucket/check.ts';
import { type S3Config, s3Config } from '../config.ts';
import { S3SourceProcessor } from './s3-source.processor.ts';
import { type S3SourceStage, s3SourceStage } from './source-config.ts';

/** Rows of the objects that match a glob, and then of those that come. */
export const s3Source = defineSource<S3Config, S3SourceStage>({
  type: 's3',
  role: 'source',
  summary: 'Reads NDJSON, CSV, Parquet or Avro objects of an S3 bucket, and those that come later.',
  config: s3Config,
  stage: s3SourceStage,
  capabilities: { initialLoad: true, follows: 'option', changes: false, parallel: false },
  guarantees: [
    {
      mode: {},
      level: 'exactly-once',
      how: 'The objects that were read and the row in the present one are part of the snapshot. An object that was written again in between stops the job.',
      needs: ['Objects that are not written again while they are read.'],
    },
  ],
  check: checkReadable,
  describe: async ({ config, stage }, signal) => ({
    shape: { tables: [declaredSchema(stage)] },
    findings: await checkReadable(config, signal),
  }),
  // Of Parquet and Avro a whole part is damaged, not a row.
  refuses: ({ format }) => format === 'ndjson' || format === 'csv',
  createSource: (options) => () => new S3SourceProcessor(options),
});
