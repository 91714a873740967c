import { ACCESS_ROLES, type AuditEntry } from '@millrace/catalog';
import { z } from 'zod';
import { pageQuerySchema } from '../http/page-query.ts';

const OUTCOMES = ['done', 'refused', 'failed', 'unknown'] as const;

export const auditQuerySchema = pageQuerySchema.extend({
  action: z.string().max(63).optional().meta({ description: 'What was done, such as dead_letter.discard.' }),
  target: z.string().max(200).optional().meta({ description: "What it was done to: job/ and the job's id." }),
  actor: z
    .string()
    .max(63)
    .optional()
    .meta({ description: 'Who did it: id or name of an API key, or open, local, system.' }),
  outcome: z.enum(OUTCOMES).optional().meta({ description: 'What became of it.' }),
  since: z.iso.datetime({ offset: true }).optional().meta({ description: 'From this time on.' }),
  until: z.iso.datetime({ offset: true }).optional().meta({ description: 'Before this time.' }),
});

export type AuditQuery = z.infer<typeof auditQuerySchema>;

const auditEntrySchema = z
  .object({
    id: z.int(),
    at: z.iso.datetime(),
    actor: z
      .object({
        kind: z.enum(['key', 'session', 'open', 'local', 'system', 'unknown']).meta({
          description:
            'key and session: somebody with an API key; open: while there was no key; local: with the credentials of the metadata database (millrace init); system: the platform by itself; unknown: before there were keys.',
        }),
        keyId: z.string().nullable(),
        name: z.string().nullable(),
        role: z.enum(ACCESS_ROLES).nullable(),
      })
      .meta({ id: 'AuditActor', description: 'Who did it.' }),
    action: z.string(),
    target: z.string(),
    targetName: z
      .string()
      .nullable()
      .meta({ description: 'Name of what was created, changed or deleted; null for commands, whose target is an id.' }),
    requestId: z.string().nullable().meta({ description: 'As in the header x-request-id and in the log.' }),
    request: z.string().nullable().meta({ description: 'Verb and route.' }),
    address: z.string().nullable().meta({ description: 'Remote address.' }),
    outcome: z.enum(OUTCOMES).meta({
      description: 'unknown: it is under way, or the API died before it could say.',
    }),
    code: z.string().nullable().meta({ description: 'Of the error, when it was refused or failed.' }),
    before: z.unknown().meta({ description: 'What was changed, as it was; secrets masked. null where there is none.' }),
    after: z.unknown().meta({ description: 'What was changed, as it is now; secrets masked.' }),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry', description: 'Something that was done, or asked for and refused.' });

export type AuditEntryView = z.infer<typeof auditEntrySchema>;

export const auditPageSchema = z
  .object({ items: z.array(auditEntrySchema), nextCursor: z.string().nullable() })
  .meta({ id: 'AuditPage', description: 'Entries of the audit log, the newest first.' });

export const auditEntryView = ({ at, ...entry }: AuditEntry): AuditEntryView => ({
  ...entry,
  actor: { ...entry.actor, role: ACCESS_ROLES.find((role) => role === entry.actor.role) ?? null },
  at: at.toISOString(),
});
