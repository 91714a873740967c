import { HISTORY_METRICS } from '@millrace/cluster';
import { z } from 'zod';

const metric = z.number().nullable();

export const historyPointSchema = z
  .object({
    at: z.number().meta({ description: 'Milliseconds since 1970.' }),
    inPerSecond: metric,
    outPerSecond: metric,
    lagMs: metric,
    lagP99Ms: metric,
    lagBytes: metric,
    queueFill: metric,
    blocked: metric,
    stateBytes: metric,
    snapshotMs: metric,
    snapshotBytes: metric,
  })
  .meta({
    id: 'HistoryPoint',
    description: 'Ten seconds of a job: rates on average, everything else at its worst; null where it is not known.',
  });

export const historySchema = z
  .object({
    metrics: z.array(z.enum(HISTORY_METRICS)),
    stepMs: z.int().meta({ description: 'Between two points.' }),
    points: z
      .array(z.array(z.number().nullable()))
      .meta({ description: 'Each: milliseconds since 1970, then the metrics in their order. The oldest first.' }),
  })
  .meta({ id: 'JobHistory', description: 'The last hour of a job, for charts.' });

export type HistoryView = z.infer<typeof historySchema>;

export const historyQuerySchema = z.strictObject({
  metric: z
    .string()
    .regex(/^[A-Za-z0-9,]{1,200}$/)
    .optional()
    .meta({ description: `Metrics with commas between; all without: ${HISTORY_METRICS.join(', ')}.` }),
});

export type HistoryQuery = z.infer<typeof historyQuerySchema>;
