import { z } from 'zod';
import { jobTableSchema } from '../../live/job/job-tables.ts';

/** Tables of one request. */
const TABLES_MAX = 100;

export const requestLoadSchema = z
  .strictObject({
    tables: z
      .array(z.string().min(1))
      .min(1)
      .max(TABLES_MAX)
      .meta({ description: 'With their schemas: public.orders.' }),
    stage: z
      .string()
      .optional()
      .meta({ description: 'Source stage that captures them; only needed where several do.' }),
    dryRun: z.boolean().default(false).meta({ description: 'true: says what would happen, and does nothing.' }),
  })
  .meta({ id: 'RequestLoad', description: 'Tables of a running job to load again.' });

export type RequestLoad = z.infer<typeof requestLoadSchema>;

const time = z.iso.datetime();

const loadSchema = z
  .object({
    id: z.string().meta({ description: 'ULID.' }),
    stage: z.string(),
    state: z.enum(['waiting', 'loading', 'done', 'refused', 'abandoned']).meta({
      description:
        'waiting: no execution has taken it yet. loading: its tables are being read. done: all their rows are delivered, and a committed snapshot has it. refused: a table has lost its key since. abandoned: the job ended before.',
    }),
    requestedAt: time,
    finishedAt: time.nullable(),
    tables: z.array(jobTableSchema).meta({ description: 'How far each is now; a table that is loaded is streaming.' }),
  })
  .meta({ id: 'TableLoad', description: 'A request to load tables of a job again, and how far it is.' });

export type TableLoadView = z.infer<typeof loadSchema>;

export const requestedLoadSchema = z
  .object({
    dryRun: z.boolean(),
    load: loadSchema.nullable().meta({ description: 'null in a dry run.' }),
    stage: z.string(),
    tables: z.array(z.object({ table: z.string(), rowsEstimate: z.number().nullable() })),
    effects: z
      .array(z.string())
      .meta({ description: 'What happens, a sentence each, in the order in which it matters.' }),
  })
  .meta({ id: 'RequestedLoad', description: 'What was asked for, and what it does.' });

export type RequestedLoadView = z.infer<typeof requestedLoadSchema>;

export const loadsSchema = z
  .object({ items: z.array(loadSchema) })
  .meta({ id: 'TableLoads', description: 'Requests to load tables of a job again, the newest first; the last 100.' });

export type LoadsView = z.infer<typeof loadsSchema>;
