import { secretField } from '@millrace/connector-contract';
import { z } from 'zod';
import { SUBJECT_STRATEGIES } from '../registry/subject.ts';

/** Formats whose messages begin with the id of a schema in the registry. */
export const isRegistered = (format: string): boolean => format === 'avro' || format === 'json-schema';

/** Options of a connection: the registry of its topics. */
export const registryFields = {
  schemaRegistry: z
    .strictObject({
      url: z
        .url({ protocol: /^https?$/, error: 'an address, such as http://registry.internal:8081' })
        .refine((url) => URL.canParse(url) && new URL(url).username === '', 'no user here: that is username')
        .transform((url) => url.replace(/\/+$/, ''))
        .meta({ description: 'Where the registry is: what /subjects comes after.' }),
      username: z.string().min(1).optional().meta({ description: 'User (HTTP Basic). Absent: no login.' }),
    })
    .optional()
    .meta({ description: "Schema registry with Confluent's protocol; formats avro and json-schema need it." }),
  registryPassword: secretField().optional().meta({ description: 'Password of schemaRegistry.username.' }),
};

type RegistryConfig = z.output<z.ZodObject<typeof registryFields>>;

/** For `superRefine` of the connection. */
export function checkRegistryFields(config: RegistryConfig, context: z.RefinementCtx): void {
  if (config.registryPassword === undefined || config.schemaRegistry?.username !== undefined) return;
  const message = 'a password without a user: set schemaRegistry.username';
  context.addIssue({ code: 'custom', path: ['registryPassword'], message });
}

const AVRO_NAMESPACE = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/;
const TEMPLATE = /\{([^}]*)\}/g;

/** A text in which only these names stand in braces. */
const template = (names: readonly string[]) =>
  z
    .string()
    .min(1)
    .superRefine((text, context) => {
      const unknown = [...text.matchAll(TEMPLATE)].map((match) => match[1]!).find((name) => !names.includes(name));
      if (unknown === undefined) return;
      const known = names.map((name) => `{${name}}`).join(', ');
      context.addIssue({ code: 'custom', message: `{${unknown}} is not known; use ${known}` });
    });

const avroOptions = z.strictObject({
  namespace: z.string().regex(AVRO_NAMESPACE, 'names with dots between').optional().meta({
    description: "Namespace of the records. Default: the table's schema.",
  }),
  numeric: z.enum(['decimal', 'string']).default('decimal').meta({
    description:
      'decimal: numeric(p,s) as a decimal, numeric without a scale as a string. string: all as strings (NaN fits).',
  }),
  arrays: z.enum(['array', 'string']).default('array').meta({
    description: "array: arrays of one dimension as arrays. string: PostgreSQL's text, which has all dimensions.",
  }),
});

export const AVRO_DEFAULTS = avroOptions.parse({});

const cloudEventOptions = z.strictObject({
  mode: z.enum(['structured', 'binary']).default('structured').meta({
    description:
      'structured: the event as JSON in the value. binary: its attributes in headers, the data in the value.',
  }),
  source: template(['job', 'schema', 'table']).default('/millrace/{job}').meta({
    description: 'Attribute source. {job}, {schema} and {table} are replaced.',
  }),
  type: template(['schema', 'table', 'op']).default('{schema}.{table}.{op}').meta({
    description:
      'Attribute type. {schema}, {table} and {op} (read, created, updated, deleted, truncated) are replaced.',
  }),
  data: z.enum(['row', 'debezium']).default('row').meta({
    description: "row: the row as an object. debezium: Debezium's envelope with before and after.",
  }),
});

export const CLOUD_EVENT_DEFAULTS = cloudEventOptions.parse({});

/** Options of a sink stage: what its messages hold. */
export const sinkFormatFields = {
  format: z
    .enum(['json', 'debezium-json', 'avro', 'json-schema', 'cloudevents', 'plain'])
    .default('debezium-json')
    .meta({
      description:
        "json: the row as an object. debezium-json: Debezium's envelope with before, after, source and op. avro, json-schema: the row, with its schema in the registry. cloudevents: CloudEvents 1.0. plain: the value of one column.",
    }),
  keyFormat: z.enum(['json', 'avro', 'json-schema', 'plain']).optional().meta({
    description:
      "json: an object of the key's columns. avro, json-schema: the same, with its schema in the registry. plain: the value of its one column. Default: as the format; json for debezium-json and cloudevents.",
  }),
  subjects: z.enum(SUBJECT_STRATEGIES).optional().meta({
    description:
      'Names of the subjects in the registry. topic-name (the default): topic-key and topic-value. record-name: the record. topic-record-name: both.',
  }),
  registerSchemas: z.boolean().optional().meta({
    description: 'true (the default): schemas are registered. false: they have to be.',
  }),
  avro: avroOptions.optional().meta({ description: 'How rows become records. Only with format or keyFormat avro.' }),
  cloudEvents: cloudEventOptions.optional().meta({ description: 'Attributes. Only with format cloudevents.' }),
  value: z.string().min(1).optional().meta({
    description: 'In format plain: the column that is the value. Default: the only one that is not in the key.',
  }),
};

type SinkFormat = z.output<z.ZodObject<typeof sinkFormatFields>>;

/** Whether deletes and truncates are messages with a value. In the other formats a delete is a key alone, and nothing says that a table was truncated. */
export const hasEnvelope = (format: SinkFormat['format']): boolean =>
  format === 'debezium-json' || format === 'cloudevents';

type KeyFormat = NonNullable<SinkFormat['keyFormat']>;

/** The format of keys, by default that of the values. */
export function keyFormatOf(stage: {
  readonly format: SinkFormat['format'];
  readonly keyFormat?: KeyFormat | undefined;
}): KeyFormat {
  const { format, keyFormat } = stage;
  return keyFormat ?? (format === 'debezium-json' || format === 'cloudevents' ? 'json' : format);
}

/** For `superRefine` of the sink stage: options that do nothing with the others are mistakes. */
export function checkSinkFormat(stage: SinkFormat, context: z.RefinementCtx): void {
  const { format } = stage;
  const keyFormat = keyFormatOf(stage);
  const refuse = (name: keyof SinkFormat, message: string): void =>
    context.addIssue({ code: 'custom', path: [name], message });
  const uses = (wanted: string): boolean => format === wanted || keyFormat === wanted;
  if (stage.avro !== undefined && !uses('avro')) refuse('avro', 'only with format or keyFormat avro');
  if (stage.cloudEvents !== undefined && format !== 'cloudevents')
    refuse('cloudEvents', 'only with format cloudevents');
  if (stage.value !== undefined && format !== 'plain') refuse('value', 'only with format plain');
  if (!isRegistered(format) && !isRegistered(keyFormat)) {
    for (const name of ['subjects', 'registerSchemas'] as const) {
      if (stage[name] !== undefined) refuse(name, 'only with format or keyFormat avro or json-schema');
    }
  }
  if (format === 'cloudevents' && isRegistered(keyFormat)) {
    refuse('keyFormat', 'json or plain with cloudevents: the key is the attribute partitionkey, a text');
  }
}
