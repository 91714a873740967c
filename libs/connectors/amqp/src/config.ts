import {
  checkDeclaredKey,
  declaredTableFields,
  messageFormatFields,
  nameTemplate,
  secretField,
} from '@millrace/connector-contract';
import { z } from 'zod';

const HOSTS_MAX = 20;
const IDLE_MS_MIN = 1_000;
const IDLE_MS_MAX = 600_000;
const CREDIT_MAX = 10_000;
const UNACKNOWLEDGED_MAX = 1_000_000;
const REMEMBER_HOURS_MAX = 720;
const ADDRESS = /^[^\s{}]{1,512}$/;

/** How to reach the broker of a registered source or sink. */
export const connectionSchema = z.strictObject({
  hosts: z
    .array(z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^@\s/:]+):\d{1,5}$/, 'host:port, such as broker-1.internal:5672'))
    .min(1)
    .max(HOSTS_MAX)
    .meta({ description: 'host:port of the broker, and of those that take over when it is away; tried in turn.' }),
  user: z.string().min(1).optional().meta({ description: 'User (SASL PLAIN). Absent: anonymous, or the certificate.' }),
  password: secretField().optional().meta({ description: 'Password of the user.' }),
  tls: z
    .strictObject({
      ca: z.string().min(1).optional().meta({ description: 'PEM certificates of the authorities to trust.' }),
      certificate: z.string().min(1).optional().meta({
        description: 'PEM certificate of this client; without a user it is the login (SASL EXTERNAL).',
      }),
    })
    .optional()
    .meta({ description: 'Present: TLS, with a certificate of a trusted authority for the host.' }),
  tlsKey: secretField().optional().meta({ description: 'PEM key of tls.certificate.' }),
  virtualHost: z.string().min(1).optional().meta({
    description: 'Host name that the broker is told, where it has several. Default: the host that is connected to.',
  }),
  idleTimeoutMs: z.int().min(IDLE_MS_MIN).max(IDLE_MS_MAX).default(30_000).meta({
    description: 'The connection is given up when nothing has come from the broker for so long.',
  }),
});

export type Connection = z.output<typeof connectionSchema>;

export type NodeKind = 'queue' | 'topic';

const kind = z.enum(['queue', 'topic']).default('queue').meta({
  description: 'What the address is, where the broker makes it: a queue (anycast), or a topic (multicast).',
});

/** What a job's sink stage writes, and where. */
export const sinkStage = z.strictObject({
  address: nameTemplate(ADDRESS, 'an address without spaces, such as orders.{table}')
    .default('{schema}.{table}')
    .meta({ description: 'Address of an event. {schema}, {table} and {job} (its name) are replaced.' }),
  kind,
  ...messageFormatFields,
  body: z.enum(['text', 'bytes']).default('text').meta({
    description: 'text: JMS sees text messages. bytes: bytes messages.',
  }),
  group: z.enum(['none', 'key', 'table']).default('none').meta({
    description:
      'Group id of a message, by which brokers keep messages in order with several consumers: of the row (its key), of its table, or none.',
  }),
  privateQueues: z.string().regex(ADDRESS, 'an address without spaces').optional().meta({
    description:
      'Beginning of the names of the two queues that belong to the job alone (NAME.waiting and NAME.progress). Default: millrace.JOB.STAGE.',
  }),
});

export type SinkStage = z.output<typeof sinkStage>;

/** What a job's source stage reads. */
export const sourceStage = z
  .strictObject({
    address: z.string().regex(ADDRESS, 'an address without spaces').meta({
      description: 'Queue to read. With Artemis, ADDRESS::QUEUE names a queue of a topic.',
    }),
    duplicates: z.enum(['detect', 'allow']).default('detect').meta({
      description:
        'detect: exactly once, by the message id, which every message has to have. allow: at least once; after a crash messages may come again.',
    }),
    rememberHours: z.number().positive().max(REMEMBER_HOURS_MAX).default(24).meta({
      description:
        'How long after a start, in hours, the ids of messages are known that the execution before had not acknowledged, until they come again.',
    }),
    credit: z.int().min(1).max(CREDIT_MAX).default(1_000).meta({
      description: 'Messages that the broker may send ahead, for each instance.',
    }),
    unacknowledgedMax: z.int().min(1).max(UNACKNOWLEDGED_MAX).default(50_000).meta({
      description:
        'Messages that may wait for a snapshot to be acknowledged, for each instance; then no more are read until then.',
    }),
    ...declaredTableFields({
      columns: 'Columns of the rows: members of the JSON objects that messages are, with their types.',
      key: 'Columns of the key.',
    }),
  })
  .superRefine(checkDeclaredKey);

export type SourceStage = z.output<typeof sourceStage>;
