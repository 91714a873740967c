import { z } from 'zod';
import { jobErrorSchema, jobViewSchema, runFields } from '../../jobs/job.schemas.ts';
import { figuresSchema, snapshotFiguresSchema } from '../figures.schemas.ts';

const time = z.iso.datetime();

export const executionSchema = z
  .object({
    generation: z.int(),
    member: z.string(),
    startedAt: time,
    endedAt: time.nullable().meta({ description: 'null: it runs.' }),
    end: z.enum(['completed', 'suspended', 'cancelled', 'failed', 'released', 'restarted', 'lost']).nullable().meta({
      description:
        'Why it ended. failed: an error. lost: its worker died or could not be reached. released: its worker was shut down. restarted: somebody asked for another one. null: it runs.',
    }),
    error: jobErrorSchema.nullable(),
  })
  .meta({ id: 'Execution', description: 'One attempt to run a job on a worker.' });

export type ExecutionView = z.infer<typeof executionSchema>;

export const executionsSchema = z
  .object({ items: z.array(executionSchema) })
  .meta({ id: 'Executions', description: 'The newest first; the last hundred are kept.' });

export const snapshotsSchema = z
  .object({
    items: z.array(
      snapshotFiguresSchema
        .extend({
          isRetained: z
            .boolean()
            .meta({ description: 'Its state is still there; the job goes on from the newest such.' }),
        })
        .meta({ id: 'Snapshot', description: 'A committed snapshot.' }),
    ),
  })
  .meta({ id: 'Snapshots', description: 'The newest first; the figures of the last hundred are kept.' });

export const jobStateSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    status: jobViewSchema.shape.status,
    desired: jobViewSchema.shape.desired,
    generation: z.int(),
    error: jobErrorSchema.nullable(),
    executionStartedAt: time.nullable(),
    ...runFields,
    updatedAt: time,
    version: z.int(),
  })
  .meta({ id: 'JobState', description: 'What a job is doing.' });

export const noFiguresSchema = z
  .object({ since: time })
  .meta({ id: 'NoFigures', description: 'No worker has told figures lately.' });

export const jobDeletedSchema = z.object({ id: z.string() }).meta({ id: 'JobGone', description: 'It was deleted.' });

/** Kinds of events of a job's stream. */
export const JOB_EVENTS = {
  job: jobStateSchema,
  figures: figuresSchema,
  nobody: noFiguresSchema,
  snapshot: snapshotFiguresSchema,
  executions: executionsSchema,
  deleted: jobDeletedSchema,
};
