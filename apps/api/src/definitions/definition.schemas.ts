import { nameSchema } from '@millrace/pipeline';
import { z } from 'zod';

const config = z.record(z.string(), z.unknown()).meta({
  description:
    'Options of the connector; GET /api/v1/connectors has their schema. Secrets may be references: ${env:NAME} or ${file:/run/secrets/x}.',
});

const type = z.string().min(1).max(63).meta({ description: 'Type of the connector, such as postgres or jdbc.' });

export const createDefinitionSchema = z
  .strictObject({ name: nameSchema, type, config })
  .meta({ id: 'DefinitionInput', description: 'A source or sink to register.' });

export const probeInputSchema = z
  .strictObject({ type, config })
  .meta({ id: 'ProbeInput', description: 'A source or sink that is not registered, to be looked at.' });

export type ProbeInput = z.infer<typeof probeInputSchema>;

export type CreateDefinition = z.infer<typeof createDefinitionSchema>;

export const patchDefinitionSchema = z
  .strictObject({
    name: nameSchema.optional(),
    config: config
      .optional()
      .meta({ description: 'JSON merge patch (RFC 7396): null removes an option, a masked secret is kept.' }),
  })
  .meta({ id: 'DefinitionPatch', description: 'What to change of a source or sink. Its type cannot change.' });

export type PatchDefinition = z.infer<typeof patchDefinitionSchema>;

export const definitionViewSchema = z
  .object({
    id: z.string().meta({ description: 'ULID.' }),
    name: z.string(),
    type: z.string(),
    config: z
      .record(z.string(), z.unknown())
      .meta({ description: 'Options as given; secrets are masked, references to secrets are shown.' }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    version: z.int().meta({ description: 'Raised by every change; the ETag.' }),
  })
  .meta({ id: 'Definition', description: 'A registered source or sink.' });

export type DefinitionView = z.infer<typeof definitionViewSchema>;

export const definitionPageSchema = z
  .object({ items: z.array(definitionViewSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'DefinitionPage' });

const finding = z
  .object({
    code: z.string(),
    severity: z.enum(['ok', 'warning', 'error']),
    message: z.string(),
    mend: z.string().optional().meta({ description: 'SQL to run, or a sentence.' }),
    pointer: z.string().optional().meta({ description: 'JSON pointer into the options that were checked.' }),
  })
  .meta({ id: 'Finding', description: 'One thing that was looked at.' });

export const checkViewSchema = z
  .object({ ok: z.boolean().meta({ description: 'No finding is an error.' }), findings: z.array(finding) })
  .meta({ id: 'Check', description: 'Result of a preflight.' });

export type CheckView = z.infer<typeof checkViewSchema>;
export const findingSchema = finding;
