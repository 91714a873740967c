import { nameSchema } from '@millrace/pipeline';
import { z } from 'zod';
import { jobViewSchema, submittedJobSchema } from '../jobs/job.schemas.ts';

const TABLES_MAX = 1_000;
const MESSAGE_LENGTH_MAX = 4_000;
const ACKNOWLEDGED_MAX = 256;
const TRIES_MAX = 1_000;

const operationSchema = z.enum(['read', 'insert', 'update', 'delete', 'truncate']);

/** What is asked for, and what stays. */
const subscriptionFields = {
  name: nameSchema.meta({
    description: 'Also the name of its job, and of the consumer whose handlers get the changes.',
  }),
  source: nameSchema,
  tables: z
    .array(z.string().min(1))
    .min(1)
    .max(TABLES_MAX)
    .meta({ description: 'Tables with their schema: public.orders.' }),
  operations: z.array(operationSchema).min(1).default(['read', 'insert', 'update', 'delete']).meta({
    description: 'read: rows of the initial load. An update that changes the key comes as delete and insert.',
  }),
  filter: z.string().min(1).optional().meta({ description: "An SQL expression: after.status = 'paid'." }),
  initialLoad: z
    .enum(['none', 'full'])
    .default('none')
    .meta({ description: 'full: handlers get the rows that are there first, as reads.' }),
  partitions: z
    .int()
    .min(1)
    .max(256)
    .default(32)
    .meta({ description: 'The most instances of a service that can share the work.' }),
  backlog: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(100_000)
    .meta({ description: 'Changes that wait at most; with more the source keeps its log.' }),
} as const;

export const createSubscriptionSchema = z.strictObject(subscriptionFields).meta({ id: 'CreateSubscription' });

export type CreateSubscription = z.infer<typeof createSubscriptionSchema>;

const { status, desired, error, createdAt, deadLetters, id } = jobViewSchema.shape;

export const subscriptionViewSchema = z
  .object({
    ...subscriptionFields,
    operations: z.array(operationSchema),
    initialLoad: z.enum(['none', 'full']),
    partitions: z.int(),
    backlog: z.int(),
    id: id.meta({ description: 'ULID, of its job too.' }),
    status,
    desired,
    error,
    createdAt,
    deadLetters,
  })
  .meta({ id: 'Subscription', description: 'Changes of some tables for the handlers of one consumer.' });

export type SubscriptionView = z.infer<typeof subscriptionViewSchema>;

export const createdSubscriptionSchema = subscriptionViewSchema
  .extend({ warnings: submittedJobSchema.shape.warnings })
  .meta({ id: 'CreatedSubscription' });

export const subscriptionDetailSchema = subscriptionViewSchema
  .extend({
    waiting: z.int().meta({ description: 'Changes that no handler has acknowledged.' }),
    instances: z.int().meta({ description: 'Instances of the service that share the work.' }),
  })
  .meta({ id: 'SubscriptionDetail' });

export type SubscriptionDetailView = z.infer<typeof subscriptionDetailSchema>;

export const subscriptionPageSchema = z
  .object({ items: z.array(subscriptionViewSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'SubscriptionPage' });

const instance = z
  .string()
  .regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, 'a ULID')
  .meta({ description: 'ULID that the instance of the service has chosen for itself.' });

export const attachQuerySchema = z.strictObject({ instance });

export type AttachQuery = z.infer<typeof attachQuerySchema>;

const partition = z.int().min(0).max(255);

export const reportSchema = z
  .strictObject({
    instance,
    acknowledged: z
      .array(z.strictObject({ partition, epoch: z.int().min(0), upTo: z.int().min(0) }))
      .max(ACKNOWLEDGED_MAX)
      .default([])
      .meta({ description: 'Per partition: every change up to this number is handled.' }),
    released: z
      .array(partition)
      .max(ACKNOWLEDGED_MAX)
      .default([])
      .meta({ description: 'Partitions given back, nothing of them runs any more.' }),
    leaves: z.boolean().default(false).meta({ description: 'The instance ends.' }),
  })
  .meta({ id: 'SubscriptionReport' });

export type ReportBody = z.infer<typeof reportSchema>;

export const reportAnswerSchema = z
  .object({
    isKnown: z.boolean().meta({ description: 'false: attach again, others may have the partitions.' }),
    lost: z.array(z.int()).meta({ description: 'Partitions that were acknowledged and belong to another instance.' }),
  })
  .meta({ id: 'SubscriptionReportAnswer' });

export type ReportAnswer = z.infer<typeof reportAnswerSchema>;

export const refusalSchema = z
  .strictObject({
    instance,
    partition,
    epoch: z.int().min(0),
    number: z.int().min(1),
    reason: z
      .string()
      .regex(/^[a-z][a-z0-9_.]{0,99}$/, 'a code such as handler.failed')
      .default('handler.failed'),
    message: z.string().min(1).max(MESSAGE_LENGTH_MAX),
    mend: z.string().max(MESSAGE_LENGTH_MAX).optional(),
    attempts: z.int().min(1).max(TRIES_MAX),
  })
  .meta({ id: 'SubscriptionRefusal' });

export type RefusalBody = z.infer<typeof refusalSchema>;

export const refusalAnswerSchema = z
  .object({
    letter: z
      .string()
      .nullable()
      .meta({ description: 'Id of the dead letter; null: the change is acknowledged, or is not of this instance.' }),
  })
  .meta({ id: 'SubscriptionRefusalAnswer' });

export type RefusalAnswer = z.infer<typeof refusalAnswerSchema>;
