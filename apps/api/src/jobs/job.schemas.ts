import { moduleJobSchema, pipelineSchema } from '@millrace/pipeline';
import { z } from 'zod';
import { findingSchema } from '../definitions/definition.schemas.ts';

export const submitQuerySchema = z.strictObject({
  check: z
    .enum(['true', 'false'])
    .default('true')
    .meta({ description: 'false: the systems of the job are not asked whether they can do it.' }),
});

export type SubmitQuery = z.infer<typeof submitQuerySchema>;

export const jobErrorSchema = z
  .object({
    code: z.string(),
    domain: z.enum(['user', 'external', 'internal']),
    retry: z.enum(['later', 'after-repair', 'never']),
    title: z.string(),
    message: z.string(),
    mend: z.string().optional(),
    pointer: z.string().optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'JobError', description: 'Why the job failed, and what to do before resuming it.' });

export const stageCountsSchema = z
  .object({
    stage: z.string().meta({ description: 'Of the graph; stages that run as one are counted as one.' }),
    rowsIn: z.int(),
    rowsOut: z.int(),
    deadLetters: z.int().meta({ description: 'Set aside.' }),
    skippedRows: z.int().meta({ description: 'Refused by the sink and left out, by onError: skip.' }),
    lateRows: z.int().meta({ description: 'Too late for their window.' }),
  })
  .meta({ id: 'StageCounts', description: 'Rows of a stage over all executions of the job.' });

export const runFields = {
  startedAt: z.iso.datetime().nullable().meta({ description: 'When its first execution began.' }),
  endedAt: z.iso.datetime().nullable().meta({ description: 'null: it is not over.' }),
  durationMs: z.int().nullable().meta({ description: 'From startedAt to endedAt.' }),
  counts: z.array(stageCountsSchema).nullable().meta({
    description:
      'What the last committed snapshot covers: all rows, when the job has COMPLETED. Told when the job stops; null: it never has.',
  }),
} as const;

export type RunView = z.infer<z.ZodObject<typeof runFields>>;

const unresolvedSchema = z.object({ open: z.int(), replaying: z.int() });

export const jobViewSchema = z
  .object({
    id: z.string().meta({ description: 'ULID.' }),
    name: z.string(),
    status: z.enum([
      'NOT_RUNNING',
      'STARTING',
      'RUNNING',
      'SUSPENDED',
      'SUSPENDED_EXPORTING_SNAPSHOT',
      'COMPLETING',
      'COMPLETED',
      'FAILED',
    ]),
    desired: z
      .enum(['running', 'suspended', 'cancelled'])
      .meta({ description: 'What was asked for last; the workers make it so.' }),
    error: jobErrorSchema.nullable(),
    generation: z.int().meta({ description: 'Number of the execution that wrote the status.' }),
    executionStartedAt: z.iso.datetime().nullable(),
    ...runFields,
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    version: z.int().meta({ description: 'Raised by every command; the ETag.' }),
    schedule: z
      .string()
      .nullable()
      .meta({ description: 'Name of the schedule that made it; null: somebody else did.' }),
    deadLetters: unresolvedSchema.meta({
      description: 'Records that stages set aside and nobody has resolved; each counted up to 10,000.',
    }),
    document: z.union([pipelineSchema, moduleJobSchema]),
  })
  .meta({ id: 'Job', description: 'A submitted pipeline and what became of it.' });

export type JobView = z.infer<typeof jobViewSchema>;

export const submittedJobSchema = jobViewSchema
  .extend({
    warnings: z.array(findingSchema).meta({ description: 'What the systems said that does not stop the job.' }),
  })
  .meta({ id: 'SubmittedJob', description: 'The job as submitted.' });

export const jobPageSchema = z
  .object({ items: z.array(jobViewSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'JobPage' });

export const deletedJobSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    leftovers: z
      .array(
        z.object({
          stage: z.string().meta({ description: 'Empty: not of one stage, but the snapshots.' }),
          code: z.string(),
          detail: z.string(),
          mend: z.string(),
        }),
      )
      .meta({ description: 'What could not be removed at the systems of the job, with the way to remove it by hand.' }),
    deadLetters: unresolvedSchema.meta({
      description: 'Records that nobody had resolved and that are gone with the job; the audit log remembers how many.',
    }),
  })
  .meta({
    id: 'DeletedJob',
    description: 'The job is gone; empty leftovers: so is everything it made elsewhere for its own use.',
  });

export type DeletedJobView = z.infer<typeof deletedJobSchema>;

export const PLAN_FORMATS = ['json', 'text', 'dot', 'mermaid'] as const;

export const planQuerySchema = z.strictObject({
  format: z
    .enum(PLAN_FORMATS)
    .default('json')
    .meta({ description: 'json, or a drawing: text, dot (Graphviz), mermaid.' }),
});

export type PlanQuery = z.infer<typeof planQuerySchema>;

export const planViewSchema = z
  .looseObject({ drawing: z.string().optional(), vertices: z.array(z.looseObject({ name: z.string() })) })
  .meta({ id: 'JobPlan', description: 'The DAG of a job: vertices with what runs fused in each and why, and edges.' });
