import { z } from 'zod';

/** Options of a sink stage that writes rows into files, whatever holds the files. */
export const rowFileFields = {
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
};

interface RowFileStage {
  readonly format: string;
  readonly metadata: boolean;
  readonly deletes: 'write' | 'skip';
}

/** For `superRefine` of the stage: a deleted row can be told from any other. */
export function checkDeletesAreTold({ format, metadata, deletes }: RowFileStage, context: z.RefinementCtx): void {
  if (metadata || deletes === 'skip' || format === 'debezium-json') return;
  const message = 'without metadata a deleted row looks like any other: set metadata to true, or deletes to skip';
  context.addIssue({ code: 'custom', path: ['deletes'], message });
}
