import { parseDurationMs } from '@millrace/kernel';
import { z } from 'zod';
import { durationSchema, nameSchema } from './stage-schemas.ts';

const stage = z.record(z.string(), z.unknown()).meta({
  description:
    'One stage, told by its key: { source, …connector options }, { input, filter }, { input, where }, { input, select }, { input, aggregate, window, groupBy }, { input, distinct, within }, { input, deduplicate }, { input: […], merge }, { input, join, select }, { input, sink, …connector options }.',
});

/** The job document, as REST, CLI and files take it. Stages are told apart by their keys; see `parsePipeline`. */
export const pipelineSchema = z
  .strictObject({
    name: nameSchema,
    guarantee: z.enum(['exactly-once', 'at-least-once', 'none']).default('exactly-once'),
    snapshotInterval: durationSchema.default('1s'),
    stages: z.record(nameSchema, stage).refine((stages) => Object.keys(stages).length > 0, 'at least one stage'),
  })
  .meta({ id: 'Pipeline', description: 'A pipeline: named stages from sources to sinks.' });

export type PipelineDocument = z.infer<typeof pipelineSchema>;

/** Milliseconds of a duration that the schema has checked. */
export const durationMs = (text: string): number => parseDurationMs(text)!;
