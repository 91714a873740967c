import {
  checkDeclaredKey,
  declaredTableFields,
  messageFormatFields,
  nameTemplate,
  secretField,
} from '@millrace/connector-contract';
import { z } from 'zod';

const TOPICS_MAX = 100;
const TOPIC_CHARACTERS_MAX = 1_000;
/** MQTT's largest. */
export const IN_FLIGHT_MAX = 65_535;
/** Seconds; one less than what MQTT takes for "never". */
const SESSION_SECONDS_MAX = 4_294_967_294;
const WEEK_SECONDS = 604_800;
const DURATION_SECONDS_MAX = 4_294_967_295;
/** A name without wildcards and NUL. */
const TOPIC = /^[^+#\0]{1,1000}$/;
/** Wildcards are whole levels, and # is the last. */
const FILTER = /^(\$share\/[^+#/\0]+\/)?(\+|[^+#/\0]*)(\/(\+|[^+#/\0]*))*(\/#)?$|^(\$share\/[^+#/\0]+\/)?#$/;

/** How to reach the broker of a registered source or sink. */
export const connectionSchema = z.strictObject({
  host: z.string().min(1).meta({ description: 'Host name or address of the broker.' }),
  port: z.int().min(1).max(65_535).default(1_883).meta({ description: 'TCP port; of TLS mostly 8883.' }),
  user: z.string().min(1).optional().meta({ description: 'User name.' }),
  password: secretField().optional().meta({ description: 'Password of the user.' }),
  tls: z
    .strictObject({
      ca: z.string().min(1).optional().meta({ description: 'PEM certificates of the authorities to trust.' }),
      certificate: z.string().min(1).optional().meta({ description: 'PEM certificate of this client.' }),
      key: secretField().optional().meta({ description: 'PEM private key of this client.' }),
    })
    .optional()
    .meta({ description: 'Present: TLS, with a certificate of a trusted authority for the host.' }),
});

export type Connection = z.output<typeof connectionSchema>;

/** What a job's sink stage publishes, and where. */
export const sinkStage = z.strictObject({
  topic: nameTemplate(TOPIC, 'a topic without wildcards, such as shop/{table}', ['key'])
    .default('{schema}/{table}')
    .meta({
      description:
        'Topic of an event. {schema}, {table}, {job} (its name) and {key} (values of the key, with / between them) are replaced.',
    }),
  qos: z
    .union([z.literal(1), z.literal(2)])
    .default(1)
    .meta({ description: 'Quality of service.' }),
  retain: z.boolean().default(false).meta({
    description:
      'The broker keeps the last message of each topic. With {key} in the topic these are the rows of the table: a delete is a message without payload, which removes it.',
  }),
  expireSeconds: z.int().min(1).max(DURATION_SECONDS_MAX).optional().meta({
    description: 'Seconds after which the broker drops a message that nobody got. Absent: never.',
  }),
  ...messageFormatFields,
});

export type SinkStage = z.output<typeof sinkStage>;

const columnOf = (what: string) =>
  z
    .string()
    .min(1)
    .optional()
    .meta({ description: `Name of a column that gets ${what}. Absent: none does.` });

/** What a job's source stage reads. */
export const sourceStage = z
  .strictObject({
    topics: z
      .array(z.string().max(TOPIC_CHARACTERS_MAX).regex(FILTER, 'a topic filter, such as plant/+/temperature'))
      .min(1)
      .max(TOPICS_MAX)
      .meta({ description: 'Topic filters, also shared ones ($share/GROUP/FILTER).' }),
    qos: z
      .union([z.literal(1), z.literal(2)])
      .default(2)
      .meta({
        description: 'Quality of service of the subscription; a message has that of its publisher when it is lower.',
      }),
    clientId: z.string().min(1).max(200).optional().meta({
      description:
        'Client id of the session, which must be this stage’s alone. Default: made of the ids of job and stage.',
    }),
    sessionSeconds: z.int().min(60).max(SESSION_SECONDS_MAX).default(WEEK_SECONDS).meta({
      description: 'Seconds for which the broker keeps session and messages while the job is down.',
    }),
    inFlightMax: z.int().min(1).max(IN_FLIGHT_MAX).default(20_000).meta({
      description:
        'Messages (receive maximum) that the broker sends before the commit of a snapshot acknowledges them.',
    }),
    retained: z
      .enum(['first', 'never'])
      .default('first')
      .meta({ description: 'first: retained messages come when a new session subscribes. never: they are left out.' }),
    topicColumn: columnOf('the topic'),
    propertiesColumn: columnOf('the user properties as JSON'),
    payloadColumn: columnOf('the payload as text, which is not read as JSON then'),
    ...declaredTableFields({
      columns: 'Columns of the rows: members of the JSON objects that payloads are, with their types.',
      key: 'Columns of the key.',
    }),
  })
  .superRefine(checkDeclaredKey)
  .superRefine(({ columns, topicColumn, propertiesColumn, payloadColumn }, context) => {
    const wanted = [
      ['topicColumn', topicColumn, ['text']],
      ['propertiesColumn', propertiesColumn, ['json', 'jsonb', 'text']],
      ['payloadColumn', payloadColumn, ['text']],
    ] as const;
    for (const [path, name, types] of wanted) {
      if (name === undefined || (types as readonly string[]).includes(columns[name] ?? '')) continue;
      context.addIssue({ code: 'custom', path: [path], message: `"${name}" is not among the columns as ${types[0]}` });
    }
  });

export type SourceStage = z.output<typeof sourceStage>;
