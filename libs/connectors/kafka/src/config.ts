import { secretField } from '@millrace/connector-contract';
import { parseDurationMs, parseSizeBytes } from '@millrace/kernel';
import { z } from 'zod';
import { checkRegistryFields, checkSinkFormat, registryFields, sinkFormatFields } from './message/format-options.ts';

const BROKERS_MAX = 100;
const BATCH_BYTES_MIN = 1_024;
const BATCH_BYTES_MAX = 16 * 1_024 * 1_024;
const TIMEOUT_MS_MIN = 1_000;
const HEADER_COLUMNS_MAX = 50;

const PLACEHOLDERS = ['schema', 'table', 'job'] as const;
const PLACEHOLDER = /\{([^}]*)\}/g;
/** Names that Kafka takes. https://kafka.apache.org/documentation/#operations_topic_naming (249 bytes) */
const TOPIC = /^[A-Za-z0-9._-]{1,249}$/;

const address = z
  .string()
  .regex(/^(\[[^\]]+\]|[^:\s]+):\d{1,5}$/, 'host:port, such as kafka-1.internal:9092')
  .meta({ description: 'host:port of a broker.' });

const duration = (defaultText: string, minMs: number) =>
  z
    .string()
    .default(defaultText)
    .refine(
      (text) => (parseDurationMs(text) ?? 0) >= minMs,
      `a duration of at least ${minMs} ms, such as ${defaultText}`,
    );

/** How to reach a cluster, and the registry of its schemas. */
const clusterFields = z.strictObject({
  brokers: z
    .array(address)
    .min(1)
    .max(BROKERS_MAX)
    .meta({ description: 'Some brokers; the others are asked of them.' }),
  tls: z
    .strictObject({
      ca: z.string().min(1).optional().meta({ description: 'PEM certificates of the authorities to trust.' }),
      certificate: z.string().min(1).optional().meta({ description: 'PEM certificate of this client.' }),
    })
    .optional()
    .meta({ description: 'Present: TLS, with a certificate of a trusted authority for the host.' }),
  tlsKey: secretField().optional().meta({ description: 'PEM key of tls.certificate.' }),
  sasl: z
    .strictObject({
      mechanism: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).meta({ description: 'As the listener has it.' }),
      username: z.string().min(1).meta({ description: 'User of the listener.' }),
    })
    .optional()
    .meta({ description: 'Login. Absent: none.' }),
  password: secretField().optional().meta({ description: 'Password of sasl.username.' }),
  ...registryFields,
});

export const clusterConfig = clusterFields.superRefine(checkRegistryFields);

export type ClusterConfig = z.output<typeof clusterConfig>;

const topic = z
  .string()
  .default('{schema}.{table}')
  .superRefine((template, context) => {
    const unknown = [...template.matchAll(PLACEHOLDER)]
      .map((match) => match[1]!)
      .find((name) => !(PLACEHOLDERS as readonly string[]).includes(name));
    if (unknown !== undefined) {
      const known = PLACEHOLDERS.map((name) => `{${name}}`).join(', ');
      context.addIssue({ code: 'custom', message: `{${unknown}} is not known; use ${known}` });
    } else if (!TOPIC.test(template.replaceAll(PLACEHOLDER, 'x'))) {
      context.addIssue({ code: 'custom', message: 'letters, digits, ".", "_" and "-" around placeholders' });
    }
  })
  .meta({ description: 'Topic of an event. {schema}, {table} and {job} (its name) are replaced.' });

/** What a sink stage writes, and where. */
const sinkFields = z.strictObject({
  topic,
  topicColumn: z.string().min(1).optional().meta({
    description: 'Column whose value is the topic of the message, instead of "topic".',
  }),
  headersColumn: z.string().min(1).optional().meta({
    description: 'Column of type json whose members are headers of the message as well.',
  }),
  ...sinkFormatFields,
  json: z.enum(['string', 'inline']).default('string').meta({
    description:
      'In debezium-json: json and jsonb values as strings, or as values of the message. Format json always has them as values.',
  }),
  database: z.string().default('').meta({ description: 'What source.db says in debezium-json.' }),
  key: z.array(z.string().min(1)).min(1).optional().meta({
    description:
      "Columns of the message key, an object of their values. Default: the table's key; messages of tables without one have no key.",
  }),
  tombstones: z.boolean().default(true).meta({
    description: 'After each delete a message with the key and no value, so that a compacted topic forgets the key.',
  }),
  headers: z.boolean().default(false).meta({
    description: 'Headers op, table, position and commit-time on each message.',
  }),
  headerColumns: z
    .array(z.string().min(1))
    .max(HEADER_COLUMNS_MAX)
    .default([])
    .meta({ description: 'Columns whose values are headers of the message as well, under their names; NULL is none.' }),
  compression: z.enum(['none', 'gzip', 'snappy', 'lz4', 'zstd']).default('none').meta({
    description: 'How batches are packed.',
  }),
  batchBytes: z
    .string()
    .default('900KiB')
    .refine((text) => {
      const bytes = parseSizeBytes(text) ?? 0;
      return bytes >= BATCH_BYTES_MIN && bytes <= BATCH_BYTES_MAX;
    }, 'a size from 1KiB to 16MiB')
    .meta({ description: 'Most bytes of a batch, before compression; below max.message.bytes of the topics.' }),
  createTopics: z
    .strictObject({
      partitions: z.int().min(1).max(100_000).default(1).meta({ description: 'Partitions of a new topic.' }),
      replicationFactor: z.int().min(1).max(100).optional().meta({
        description: "Replicas of each partition. Default: the brokers' default.replication.factor.",
      }),
      settings: z.record(z.string(), z.string()).default({}).meta({
        description: 'Settings of a new topic, such as cleanup.policy or retention.ms.',
      }),
    })
    .optional()
    .meta({ description: 'Present: topics that do not exist are made. Absent: they have to exist.' }),
  commit: z.enum(['snapshot', 'continuous']).default('snapshot').meta({
    description:
      'When messages become visible. snapshot: with the snapshot that covers them. continuous: within milliseconds; the position in the source is part of each transaction. For the changes of one PostgreSQL source behind stages without state.',
  }),
  commitInterval: duration('5ms', 1).meta({
    description: 'With commit: continuous, the least time between two transactions.',
  }),
  transactionTimeout: duration('15m', TIMEOUT_MS_MIN).meta({
    description:
      'How long the brokers keep a prepared transaction while the job is down. Longer than the snapshot interval and the longest outage; at most transaction.max.timeout.ms of the brokers.',
  }),
  lostTransaction: z.enum(['fail', 'accept']).default('fail').meta({
    description: 'What to do when a prepared transaction has timed out: fail the job, or go on with the gap.',
  }),
});

export const sinkStage = sinkFields.superRefine(checkSinkFormat);

export type SinkStage = z.output<typeof sinkStage>;
