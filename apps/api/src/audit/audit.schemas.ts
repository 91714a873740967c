import { z } from 'zod';
import { pageQuerySchema } from '../http/page-query.ts';

export const auditQuerySchema = pageQuerySchema.extend({
  action: z.string().max(63).optional().meta({ description: 'What was done, such as dead_letter.discard.' }),
  target: z.string().max(200).optional().meta({ description: "What it was done to: job/ and the job's id." }),
});

export type AuditQuery = z.infer<typeof auditQuerySchema>;

const auditEntrySchema = z
  .object({
    id: z.int(),
    at: z.iso.datetime(),
    action: z.string(),
    target: z.string(),
    requestId: z.string().nullable().meta({ description: 'As in the header x-request-id and in the log.' }),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry', description: 'Something a person did.' });

export type AuditEntryView = z.infer<typeof auditEntrySchema>;

export const auditPageSchema = z
  .object({ items: z.array(auditEntrySchema), nextCursor: z.string().nullable() })
  .meta({ id: 'AuditPage' });
