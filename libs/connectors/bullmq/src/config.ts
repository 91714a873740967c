import { checkDeclaredKey, declaredTableFields, nameTemplate, secretField } from '@millrace/connector-contract';
import { z } from 'zod';

const ATTEMPTS_MAX = 1_000;
const KEPT_MAX = 10_000_000;
const IN_FLIGHT_MAX = 100_000;
/** BullMQ takes no colon in the name of a queue. */
const QUEUE = /^[^:\s{}]{1,200}$/;

/** How to reach the Redis of the queues. */
export const connectionSchema = z.strictObject({
  host: z.string().min(1).meta({ description: 'Host name or address of the server.' }),
  port: z.int().min(1).max(65_535).default(6_379).meta({ description: 'TCP port.' }),
  user: z.string().min(1).optional().meta({ description: 'User of the ACL; the default one when absent.' }),
  password: secretField().optional().meta({ description: 'Password of the user.' }),
  database: z.int().min(0).max(65_535).default(0).meta({ description: 'Number of the database.' }),
  tls: z.boolean().default(false).meta({ description: 'With TLS and a certificate that this machine trusts.' }),
});

export type Connection = z.output<typeof connectionSchema>;

const kept = (what: string) =>
  z
    .union([z.boolean(), z.int().min(0).max(KEPT_MAX)])
    .default(false)
    .meta({ description: `Whether ${what} jobs are removed, or how many are kept.` });

const prefix = z
  .string()
  .min(1)
  .max(200)
  .default('bull')
  .meta({ description: 'Prefix of all keys, as the workers have it.' });

/** What a job's sink stage adds, and to which queue. */
export const sinkStage = z.strictObject({
  queue: nameTemplate(QUEUE, 'a name without ":", blanks and braces around placeholders')
    .default('{table}')
    .meta({ description: 'Queue of an event. {schema}, {table} and {job} (the name of this job) are replaced.' }),
  prefix,
  name: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Name of the added jobs. Default: the table, with its schema.' }),
  attempts: z.int().min(1).max(ATTEMPTS_MAX).default(1).meta({ description: 'How often workers try a job.' }),
  backoffMs: z.int().min(0).default(0).meta({
    description: 'Milliseconds before the second attempt; twice as many before each that follows.',
  }),
  removeOnComplete: kept('completed'),
  removeOnFail: kept('failed'),
});

export type SinkStage = z.output<typeof sinkStage>;

const columnOf = (what: string) =>
  z
    .string()
    .min(1)
    .optional()
    .meta({ description: `Name of a text column that gets ${what}. Absent: none does.` });

/** What a job's source stage takes. */
export const sourceStage = z
  .strictObject({
    queue: z.string().regex(QUEUE, 'the name of a queue').meta({ description: 'Queue whose jobs are taken.' }),
    prefix,
    follow: z.boolean().default(true).meta({
      description:
        'Go on with what comes. false: end when no job can be taken any more; delayed ones are not waited for.',
    }),
    inFlightMax: z.int().min(1).max(IN_FLIGHT_MAX).default(5_000).meta({
      description:
        'Jobs that are active at most: taken, and not yet completed because no committed snapshot holds them.',
    }),
    idColumn: columnOf('the id of the job'),
    nameColumn: columnOf('the name of the job'),
    ...declaredTableFields({
      columns: 'Columns of the rows: members of the data of the jobs, with their types.',
      key: 'Columns of the key.',
    }),
  })
  .superRefine(checkDeclaredKey)
  .superRefine(({ columns, idColumn, nameColumn }, context) => {
    for (const [path, name] of Object.entries({ idColumn, nameColumn }))
      if (name !== undefined && columns[name] !== 'text')
        context.addIssue({ code: 'custom', path: [path], message: `"${name}" is not among the columns as text` });
  });

export type SourceStage = z.output<typeof sourceStage>;
