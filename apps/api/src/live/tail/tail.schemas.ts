import { z } from 'zod';

export const tailQuerySchema = z.strictObject({
  vertex: z.string().max(200).optional().meta({ description: 'Rows that leave it; of a sink: rows that reach it.' }),
  edge: z
    .string()
    .regex(/^\d{1,4}$/)
    .optional()
    .meta({ description: 'Number of an edge, instead of a vertex.' }),
  filter: z
    .string()
    .max(2_000)
    .optional()
    .meta({ description: "Only rows of which this is true, in the language of a job's filter: after.total > 100." }),
});

export type TailQuery = z.infer<typeof tailQuerySchema>;

export const sourceTailQuerySchema = tailQuerySchema.pick({ filter: true });

export const tailBegunSchema = z
  .object({
    job: z.object({ id: z.string(), name: z.string() }),
    edges: z.array(z.object({ edge: z.int(), from: z.string(), to: z.string() })),
    rowsPerSecond: z.int().meta({ description: 'What is more is passed over.' }),
  })
  .meta({ id: 'TailBegun', description: 'What is being looked at. Rows come within a second or two.' });

export const tailRowsSchema = z
  .object({
    rows: z.array(
      z.object({
        edge: z.int(),
        row: z.unknown().meta({
          description:
            'A change event (op, table, key, before, after, lsn, commitTime, isLoading; long texts are cut, {"unchanged":true} is a value that was not sent again), or the row of a stage that makes other rows.',
        }),
      }),
    ),
    passedOver: z
      .int()
      .meta({ description: 'Rows since the event before that were too many, or of which the filter is not true.' }),
  })
  .meta({ id: 'TailRows', description: 'A sample of the rows that cross the edges.' });

export const tailErrorSchema = z.object({ message: z.string() }).meta({
  id: 'TailError',
  description: 'Nothing more comes: the filter does not fit the rows, or nobody runs the job.',
});

export const TAIL_EVENTS = { begun: tailBegunSchema, rows: tailRowsSchema, failed: tailErrorSchema };
