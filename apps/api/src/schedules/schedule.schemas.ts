import { parseDurationMs } from '@millrace/kernel';
import { nameSchema } from '@millrace/pipeline';
import { z } from 'zod';
import { findingSchema } from '../definitions/definition.schemas.ts';
import { jobErrorSchema, jobViewSchema, runFields } from '../jobs/job.schemas.ts';
import { CRON_LENGTH_MAX } from './cron.ts';

/** The time of a tick comes behind it in the names of jobs. */
const SCHEDULE_NAME_MAX = 40;
const KEEP_MAX = 1_000;

const name = nameSchema.max(SCHEDULE_NAME_MAX).meta({
  description: `Unique. Letters, digits, "-" and "_", starting with a letter, at most ${SCHEDULE_NAME_MAX}; its jobs are called by it and the time of their tick.`,
});
const template = z.record(z.string(), z.unknown()).meta({
  description:
    'The job: a document as POST /jobs takes it, without its name. {{tick}}, {{tick.previous}}, {{tick.date}}, {{tick.month}} stand for the time of a run in parameters, paths and the like.',
});
const cron = z
  .string()
  .max(CRON_LENGTH_MAX)
  .meta({
    description: 'Five fields: minute, hour, day of month, month, day of week.',
    examples: ['0 2 * * *'],
  });
const timeZone = z.string().meta({ description: 'Name of the IANA database, such as Europe/Berlin.' });
const overlap = z.enum(['skip', 'queue', 'cancel-previous']).meta({
  description:
    'A tick while a run is not over. skip: it is not run. queue: it waits, up to ten. cancel-previous: that run is cancelled, and this one begins when it has ended.',
});
const missed = z.enum(['latest', 'none']).meta({
  description:
    'Ticks that nobody was there for. latest: the last one is run, if it is not later than deadline. none: only what is at most a minute late.',
});
const deadline = z
  .string()
  .refine((text) => parseDurationMs(text) !== undefined, 'a duration such as 10m or 1h')
  .meta({ description: 'How late a tick may be run: 1h.' });
const keep = z.int().min(1).max(KEEP_MAX).meta({
  description: 'Runs that are over and kept; older ones are deleted with their jobs. What they have written stays.',
});
const suspended = z.boolean().meta({ description: 'No ticks meanwhile, and none are made up for.' });

export const createScheduleSchema = z
  .strictObject({
    name,
    template,
    cron,
    timeZone: timeZone.default('UTC'),
    overlap: overlap.default('skip'),
    missed: missed.default('latest'),
    deadline: deadline.default('1h'),
    keep: keep.default(10),
    suspended: suspended.default(false),
  })
  .meta({ id: 'CreateSchedule', description: 'A job that is submitted at the ticks of a pattern.' });

export type CreateSchedule = z.output<typeof createScheduleSchema>;

export const patchScheduleSchema = z
  .strictObject({ name, template, cron, timeZone, overlap, missed, deadline, keep, suspended })
  .partial()
  .meta({
    id: 'SchedulePatch',
    description: 'JSON merge patch (RFC 7396). Jobs that were submitted stay as they are.',
  });

export type PatchSchedule = z.output<typeof patchScheduleSchema>;

const time = z.iso.datetime();

export const scheduleRunSchema = z
  .object({
    id: z.string().meta({ description: 'ULID; of its job too.' }),
    tick: time,
    isManual: z.boolean().meta({ description: 'Somebody asked for it.' }),
    outcome: z.enum(['queued', 'submitted', 'skipped', 'missed', 'refused']).meta({
      description:
        'queued: it waits for the run before. submitted: there is a job. skipped: the run before was not over. missed: nobody was there in time. refused: its job could not be submitted.',
    }),
    missedBefore: z.int().meta({ description: 'Ticks right before it that were missed.' }),
    jobName: z.string(),
    status: jobViewSchema.shape.status
      .nullable()
      .meta({ description: 'Of its job; null: there is none, or it was deleted.' }),
    desired: jobViewSchema.shape.desired.nullable(),
    error: jobErrorSchema.nullable().meta({ description: 'Why it was refused, or why its job failed.' }),
    ...runFields,
  })
  .meta({ id: 'ScheduleRun', description: 'What became of a tick.' });

export type ScheduleRunView = z.infer<typeof scheduleRunSchema>;

export const scheduleRunPageSchema = z
  .object({ items: z.array(scheduleRunSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'ScheduleRunPage', description: 'Runs of a schedule, the newest first.' });

export const scheduleViewSchema = z
  .object({
    id: z.string().meta({ description: 'ULID.' }),
    name: z.string(),
    template,
    cron: z.string(),
    timeZone: z.string(),
    overlap,
    missed,
    deadline: z.string(),
    keep: z.int(),
    suspended: z.boolean(),
    nextTicks: z.array(time).meta({ description: 'The next five; none while it is suspended.' }),
    lastRun: scheduleRunSchema.nullable(),
    createdAt: time,
    updatedAt: time,
    version: z.int().meta({ description: 'Raised by every change (not by ticks); the ETag.' }),
  })
  .meta({ id: 'Schedule', description: 'A job that is submitted again and again.' });

export type ScheduleView = z.infer<typeof scheduleViewSchema>;

export const savedScheduleSchema = scheduleViewSchema
  .extend({
    warnings: z.array(findingSchema).meta({ description: 'What the systems of its job said that does not stop it.' }),
  })
  .meta({ id: 'SavedSchedule', description: 'The schedule as it is now.' });

export const schedulePageSchema = z
  .object({ items: z.array(scheduleViewSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'SchedulePage' });
