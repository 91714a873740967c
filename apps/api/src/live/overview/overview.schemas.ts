import { z } from 'zod';
import { jobViewSchema } from '../../jobs/job.schemas.ts';
import { lagSchema } from '../figures.schemas.ts';
import { historyPointSchema } from '../history.schemas.ts';

const time = z.iso.datetime();

export const jobSummarySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    status: jobViewSchema.shape.status,
    desired: jobViewSchema.shape.desired,
    guarantee: z.string(),
    generation: z.int(),
    error: z
      .object({ code: z.string(), message: z.string(), mend: z.string().nullable() })
      .nullable()
      .meta({ description: 'Why it failed, or why it is waiting for another attempt.' }),
    executionStartedAt: time.nullable(),
    updatedAt: time.meta({ description: 'When the status was written.' }),
    member: z.string().nullable().meta({ description: 'Who runs it; null: nobody has told figures lately.' }),
    inPerSecond: z.number(),
    outPerSecond: z.number(),
    lag: lagSchema.nullable(),
    snapshot: z
      .object({ id: z.int(), takenAt: time, durationMs: z.number() })
      .nullable()
      .meta({ description: 'The newest one.' }),
    queueFill: z.number().meta({ description: 'Of its fullest queue, 0 to 1 or a little more.' }),
    blocked: z.number().meta({ description: 'Share of time that its most held up stage waits for room, 0 to 1.' }),
    restarts: z.int().meta({ description: 'Executions that failed or lost their member within a day.' }),
    deadLetters: z.int().meta({ description: 'Open ones, counted up to 10,000.' }),
  })
  .meta({ id: 'JobSummary', description: 'A job in one line.' });

export type JobSummary = z.infer<typeof jobSummarySchema>;

export const problemViewSchema = z
  .object({
    code: z.string().meta({ description: 'Stable, such as job.failed or slot.retains_wal.' }),
    severity: z.enum(['error', 'warning']),
    message: z.string(),
    mend: z.string().meta({ description: 'What to do.' }),
    since: time.nullable(),
    target: z
      .object({ kind: z.enum(['job', 'source', 'member', 'api-key', 'cluster']), id: z.string(), name: z.string() })
      .meta({ id: 'ProblemTarget', description: 'What it is about.' }),
  })
  .meta({ id: 'FleetProblem', description: 'Something that is wrong now.' });

export type ProblemView = z.infer<typeof problemViewSchema>;

export const totalsSchema = z
  .object({
    jobs: z.int(),
    byStatus: z.record(z.string(), z.int()).meta({ description: 'How many jobs are in each status.' }),
    inPerSecond: z.number(),
    outPerSecond: z.number(),
    lagP50Ms: z.number().nullable().meta({ description: 'Of the job that is furthest behind.' }),
    lagP99Ms: z.number().nullable().meta({ description: 'Of the job that is furthest behind.' }),
    members: z.int(),
  })
  .meta({ id: 'FleetTotals', description: 'All jobs together.' });

export type TotalsView = z.infer<typeof totalsSchema>;

export const operationSchema = z
  .object({
    id: z.int(),
    at: time,
    action: z.string(),
    target: z.string(),
    targetName: z.string().nullable(),
    actor: z.string().nullable(),
    outcome: z.string(),
  })
  .meta({ id: 'Operation', description: 'Something that somebody did.' });

export type OperationView = z.infer<typeof operationSchema>;

export const sourceSummarySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    type: z.string(),
    slots: z.int().nullable().meta({ description: 'Of jobs, and orphans; null: it has none, or could not be asked.' }),
    retainedBytes: z.number().nullable().meta({ description: 'Log that its system keeps for all of them.' }),
    safeBytes: z
      .number()
      .nullable()
      .meta({ description: 'What may be written before the first of them is lost; null: no limit.' }),
    trouble: z.string().nullable().meta({ description: 'Why it could not be asked.' }),
  })
  .meta({ id: 'SourceSummary', description: 'A source and what it keeps for its jobs, as of the last half minute.' });

export type SourceSummary = z.infer<typeof sourceSummarySchema>;

export const fleetHistorySchema = z
  .array(historyPointSchema.pick({ at: true, inPerSecond: true, outPerSecond: true, lagMs: true, lagP99Ms: true }))
  .meta({
    description: 'The last hour, a point every ten seconds: rates of all jobs, lag of the one furthest behind.',
  });

export const overviewSchema = z
  .object({
    at: time,
    problems: z.array(problemViewSchema).meta({ description: 'The worst and oldest first; empty: all is well.' }),
    totals: totalsSchema,
    jobs: z.array(jobSummarySchema),
    history: fleetHistorySchema,
    sources: z.array(sourceSummarySchema),
    operations: z.array(operationSchema).meta({ description: 'What was done last, the newest first.' }),
  })
  .meta({ id: 'Overview', description: 'The fleet: is anything wrong, since when, what to do; and how it goes.' });

export type OverviewView = z.infer<typeof overviewSchema>;

export const fleetEventSchema = z
  .object({
    at: time,
    problems: z.array(problemViewSchema),
    totals: totalsSchema,
    jobs: z.array(jobSummarySchema),
  })
  .meta({ id: 'FleetEvent', description: 'Everything, once at the beginning of the stream.' });

export const fleetChangesSchema = z
  .object({
    at: time,
    totals: totalsSchema,
    problems: z
      .array(problemViewSchema)
      .optional()
      .meta({ description: 'All of them, when they are others than before.' }),
    changed: z
      .array(jobSummarySchema)
      .meta({ description: 'Jobs whose line is another than before, or that are new.' }),
    removed: z.array(z.string()).meta({ description: 'Ids of jobs that are gone.' }),
  })
  .meta({ id: 'FleetChanges', description: 'What has changed since the event before.' });

export const troubleSchema = z.object({ code: z.string(), message: z.string(), mend: z.string().optional() }).meta({
  id: 'StreamTrouble',
  description: 'Nothing new can be told for now, and why; the stream goes on by itself.',
});
