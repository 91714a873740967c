import { parseDurationMs } from '@millrace/kernel';
import { z } from 'zod';
import { checkInput } from '../declarative/input-issue.ts';
import { durationSchema, moduleHashSchema, nameSchema } from '../declarative/stage-schemas.ts';
import { invalidPipeline } from '../declarative/validate.ts';
import type { UsedStage } from './used-definitions.ts';

/** A job written in TypeScript: an uploaded module and what of it to run. */
export const moduleJobSchema = z
  .strictObject({
    name: nameSchema,
    guarantee: z.enum(['exactly-once', 'at-least-once', 'none']).default('exactly-once'),
    snapshotInterval: durationSchema.default('1s'),
    module: moduleHashSchema,
    export: z
      .string()
      .min(1)
      .default('default')
      .meta({ description: 'Name of the export that is, or makes, the pipeline.' }),
    uses: z
      .array(
        z.strictObject({
          role: z.enum(['source', 'sink']),
          stage: z.string(),
          definition: z.string(),
          options: z.record(z.string(), z.unknown()),
        }),
      )
      .default([])
      .meta({ description: 'Filled in by the API: the registered sources and sinks that the pipeline names.' }),
    options: z.unknown().optional().meta({ description: 'Plain data that the export is called with.' }),
  })
  .meta({
    id: 'ModuleJob',
    description: 'A job written in TypeScript: an uploaded module (POST /modules) and its options.',
  });

export type ModuleJobDocument = z.infer<typeof moduleJobSchema>;

export interface ParsedModuleJob {
  readonly document: ModuleJobDocument;
  readonly snapshotIntervalMs: number;
}

/** The stages that name sources and sinks, as a declarative document would have them. */
export const stagesOfUses = (uses: readonly UsedStage[]): Readonly<Record<string, object>> =>
  Object.fromEntries(uses.map(({ role, stage, definition, options }) => [stage, { ...options, [role]: definition }]));

/** Whether a document is one of a module, right or wrong. */
export const isModuleJob = (document: unknown): boolean =>
  typeof document === 'object' && document !== null && 'module' in document;

/** @throws MillraceError `pipeline.invalid` with every `InputIssue` in `details.errors` */
export function parseModuleJob(document: unknown): ParsedModuleJob {
  const checked = checkInput(moduleJobSchema, document);
  if (checked.value === undefined) throw invalidPipeline(checked.issues);
  const value = checked.value as ModuleJobDocument;
  return { document: value, snapshotIntervalMs: parseDurationMs(value.snapshotInterval)! };
}
