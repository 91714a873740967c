import { parseDurationMs } from '@millrace/kernel';
import { z } from 'zod';

/** Name of a stage, source, sink or job: it appears in slot names, file names and URLs. */
export const nameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, 'letters, digits, "-" and "_", starting with a letter, at most 63')
  .meta({ description: 'Unique per kind. Letters, digits, "-" and "_", starting with a letter.' });

const duration = z
  .string()
  .refine((text) => parseDurationMs(text) !== undefined, 'a duration such as 500ms, 10s or 1m')
  .meta({ description: 'A duration: 500ms, 10s, 1m.' });

/** `{ source: shop, tables: [public.orders] }`; options beside `source` belong to the connector and are checked by its schema. */
const sourceStage = z.looseObject({ source: nameSchema });

/** `{ input: orders, select: { id: after.id } }`: columns to keep, under these names, in this order. */
const selectStage = z.strictObject({
  input: nameSchema,
  select: z
    .record(z.string().min(1), z.string().min(1))
    .refine((columns) => Object.keys(columns).length > 0, 'at least one column'),
});

/** `{ input: orders, sink: warehouse, … }`; options beside `input` and `sink` belong to the connector. */
const sinkStage = z.looseObject({ input: z.union([nameSchema, z.array(nameSchema).min(1)]), sink: nameSchema });

const stage = z.record(z.string(), z.unknown()).meta({
  description:
    'One of: a source stage { source, …connector options }, a select stage { input, select }, a sink stage { input, sink, …connector options }.',
});

/** The job document, as REST, CLI and files take it. Stages are told apart by their keys; see `parsePipeline`. */
export const pipelineSchema = z
  .strictObject({
    name: nameSchema,
    guarantee: z.enum(['exactly-once', 'at-least-once', 'none']).default('exactly-once'),
    snapshotInterval: duration.default('1s'),
    stages: z.record(nameSchema, stage).refine((stages) => Object.keys(stages).length > 0, 'at least one stage'),
  })
  .meta({ id: 'Pipeline', description: 'A pipeline: named stages from sources to sinks.' });

export type PipelineDocument = z.infer<typeof pipelineSchema>;

export type SourceStage = z.infer<typeof sourceStage> & { readonly kind: 'source' };
export type SelectStage = z.infer<typeof selectStage> & { readonly kind: 'select' };
export type SinkStage = z.infer<typeof sinkStage> & { readonly kind: 'sink' };
export type Stage = SourceStage | SelectStage | SinkStage;

export const stageSchemas = { source: sourceStage, select: selectStage, sink: sinkStage } as const;
