import { z } from 'zod';

const share = z.number().meta({ description: '0 to 1.' });
const perSecond = z.number().meta({ description: 'Of the last 5 seconds.' });
const time = z.iso.datetime();

export const snapshotFiguresSchema = z
  .object({
    id: z.int(),
    generation: z.int().meta({ description: 'Of the execution that took it.' }),
    takenAt: time.meta({ description: 'When the barrier left.' }),
    durationMs: z.number(),
    alignMs: z.number().meta({ description: 'Until every instance had met the barrier and saved.' }),
    writeMs: z.number().meta({ description: 'Until it was durable in Redis and the metadata database.' }),
    commitMs: z.number().meta({ description: 'Until the sinks showed what it covers.' }),
    bytes: z.int().meta({ description: 'Encoded state.' }),
  })
  .meta({ id: 'SnapshotFigures', description: 'A committed snapshot and how long its parts took.' });

export type SnapshotFiguresView = z.infer<typeof snapshotFiguresSchema>;

export const vertexFiguresSchema = z
  .object({
    vertex: z.string(),
    instances: z.int(),
    isSource: z.boolean(),
    isSink: z.boolean(),
    rowsIn: z.number().meta({ description: 'Since the execution started.' }),
    rowsOut: z.number().meta({ description: 'Since the execution started.' }),
    rowsInPerSecond: perSecond,
    rowsOutPerSecond: perSecond,
    busyMs: z.number(),
    busy: share.meta({ description: "Share of its instances' time that it worked, 0 to 1." }),
    blocked: share.meta({
      description: "Share of its instances' time that it waited for room downstream (back-pressure), 0 to 1.",
    }),
    queueFill: z
      .number()
      .nullable()
      .meta({ description: 'Of its fullest input queue, 0 to 1 or a little more; null of a source.' }),
    watermark: time.nullable().meta({ description: 'Event time that every instance has reached.' }),
    watermarkAgeMs: z.number().nullable(),
    stateBytes: z.number().nullable().meta({ description: 'Where the stage tells.' }),
    keys: z.number().nullable().meta({ description: 'Where the stage tells.' }),
    deadLetters: z.int().meta({ description: 'Set aside by this execution.' }),
    custom: z.record(z.string(), z.number()).meta({ description: 'What the connectors and stages tell themselves.' }),
  })
  .meta({ id: 'VertexFigures', description: 'A vertex of the DAG, its instances together.' });

export const edgeFiguresSchema = z
  .object({
    edge: z.int().meta({ description: 'Number of the edge in the DAG.' }),
    from: z.string(),
    to: z.string(),
    rows: z.number(),
    rowsPerSecond: perSecond,
    queuedRows: z.number(),
    queueRowsMax: z.number(),
    fill: z.number().meta({ description: 'Of its fullest queue, 0 to 1 or a little more.' }),
  })
  .meta({ id: 'EdgeFigures', description: 'An edge of the DAG, its queues together.' });

export const lagSchema = z
  .object({
    of: z.enum(['sink', 'source']).meta({
      description:
        'sink: from the commit at the source to the commit at the sink. source: nothing was shown in the last minute, or no sink tells; how far the source is behind its system.',
    }),
    nowMs: z.number().nullable().meta({ description: 'Median of the last 5 seconds.' }),
    p50Ms: z.number().nullable().meta({ description: 'Of the last minute.' }),
    p99Ms: z.number().nullable().meta({ description: 'Of the last minute.' }),
    bytes: z.number().nullable().meta({ description: 'Log the source has still to read, where it tells.' }),
  })
  .meta({ id: 'Lag', description: 'How far the sinks are behind the source.' });

export type LagView = z.infer<typeof lagSchema>;

export const figuresSchema = z
  .object({
    jobId: z.string(),
    jobName: z.string(),
    status: z.string(),
    generation: z.int(),
    startedAt: time,
    attempts: z.int().meta({ description: 'Executions that this member has begun for the job since it took it.' }),
    snapshot: snapshotFiguresSchema
      .extend({ ageMs: z.number() })
      .meta({ id: 'NewestSnapshot', description: 'The newest snapshot.' })
      .nullable(),
    flow: z
      .object({ in: z.number(), out: z.number(), inPerSecond: perSecond, outPerSecond: perSecond })
      .meta({ id: 'Flow', description: 'Rows that came from the sources and went into the sinks.' }),
    lag: lagSchema,
    vertices: z.array(vertexFiguresSchema),
    edges: z.array(edgeFiguresSchema),
    member: z.string(),
    at: z.number().meta({ description: 'Milliseconds since 1970.' }),
  })
  .meta({ id: 'JobFigures', description: 'Figures of the running execution, renewed every second.' });

export type FiguresView = z.infer<typeof figuresSchema>;
