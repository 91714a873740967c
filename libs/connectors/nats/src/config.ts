import {
  checkDeclaredKey,
  declaredTableFields,
  messageFormatFields,
  nameTemplate,
  secretField,
} from '@millrace/connector-contract';
import { z } from 'zod';

const SERVERS_MAX = 100;
const SUBJECTS_MAX = 100;
const REPLICAS_MAX = 5;
/** A subject without wildcards. https://docs.nats.io/nats-concepts/subjects */
const SUBJECT = /^[^.\s*>]+(\.[^.\s*>]+)*$/;
/** The same, perhaps with wildcards. */
const FILTER = /^[^.\s]+(\.[^.\s]+)*$/;

/** How to reach the servers of a registered source or sink. */
export const connectionSchema = z.strictObject({
  servers: z
    .array(z.string().regex(/^((nats|tls):\/\/)?[^@\s/]+:\d{1,5}$/, 'host:port, such as nats-1.internal:4222'))
    .min(1)
    .max(SERVERS_MAX)
    .meta({ description: 'host:port of some servers of the cluster; the others are asked of them.' }),
  user: z.string().min(1).optional().meta({ description: 'User of the account.' }),
  password: secretField().optional().meta({ description: 'Password of the user.' }),
  token: secretField().optional().meta({ description: 'Token, where the server wants one instead of a user.' }),
  credentials: secretField().optional().meta({
    description: 'What the .creds file of a user has in it: its JWT and seed.',
  }),
  tls: z
    .strictObject({
      ca: z.string().min(1).optional().meta({ description: 'PEM certificates of the authorities to trust.' }),
    })
    .optional()
    .meta({ description: 'Present: TLS, with a certificate of a trusted authority for the host.' }),
});

export type Connection = z.output<typeof connectionSchema>;

const streamName = z
  .string()
  .regex(/^[^.\s*>/\\]{1,128}$/, 'the name of a stream')
  .meta({ description: 'Name of the stream.' });

const filterSubject = z.string().regex(FILTER, 'a subject, perhaps with wildcards, such as orders.>');

/** What a job's sink stage writes, and where. */
export const sinkStage = z.strictObject({
  stream: streamName,
  subject: nameTemplate(SUBJECT, 'a subject without wildcards, such as orders.{table}')
    .default('{schema}.{table}')
    .meta({
      description: 'Subject of an event. {schema}, {table} and {job} (its name) are replaced.',
    }),
  ...messageFormatFields,
  createStream: z
    .strictObject({
      subjects: z.array(filterSubject).min(1).max(SUBJECTS_MAX).meta({ description: 'Subjects that it takes.' }),
      replicas: z.int().min(1).max(REPLICAS_MAX).default(1).meta({ description: 'Replicas of a new stream.' }),
    })
    .optional()
    .meta({
      description:
        'Present: a stream that does not exist is made, and one that exists gets what the sink needs. Absent: both have to be there.',
    }),
});

export type SinkStage = z.output<typeof sinkStage>;

/** What a job's source stage reads. */
export const sourceStage = z
  .strictObject({
    stream: streamName,
    subjects: z
      .array(filterSubject)
      .max(SUBJECTS_MAX)
      .default([])
      .meta({ description: 'Only messages of these subjects. Default: all of the stream.' }),
    from: z.enum(['earliest', 'latest']).default('earliest').meta({
      description: 'Where a new job begins: with the oldest message that is there, or with the next one that comes.',
    }),
    follow: z.boolean().default(true).meta({
      description: 'Go on with what comes. false: end with the last message that is there when the job starts.',
    }),
    consumer: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, "_" and "-"')
      .optional()
      .meta({
        description:
          'Name of a durable consumer that shows tools how far the job is; nothing is read through it. It is set anew after commits. Absent: none.',
      }),
    ...declaredTableFields({
      columns: 'Columns of the rows: members of the JSON objects that messages are, with their types.',
      key: 'Columns of the key.',
    }),
  })
  .superRefine(checkDeclaredKey);

export type SourceStage = z.output<typeof sourceStage>;
