import { parseDurationMs } from '@millrace/kernel';
import { z } from 'zod';

/** Name of a stage, source, sink or job: it appears in slot names, file names and URLs. */
export const nameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, 'letters, digits, "-" and "_", starting with a letter, at most 63')
  .meta({ description: 'Unique per kind. Letters, digits, "-" and "_", starting with a letter.' });

export const durationSchema = z
  .string()
  .refine((text) => parseDurationMs(text) !== undefined, 'a duration such as 500ms, 10s or 1m')
  .meta({ description: 'A duration: 500ms, 10s, 1m, 2h, 1d.' });

/** The hash that an uploaded module goes by. */
export const moduleHashSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'the SHA-256 of an uploaded module, 64 hexadecimal digits');

const positiveDuration = durationSchema.refine((text) => parseDurationMs(text) !== 0, 'a duration above zero');

/** An SQL expression in PostgreSQL's dialect. */
const expression = z.string().min(1).meta({ description: "An SQL expression: after.status = 'paid'." });
const columns = z
  .record(z.string().min(1).max(63), expression)
  .refine((given) => Object.keys(given).length > 0, 'at least one column');

/** `[after.country, after.day]`, or with names of one's own: `{ land: after.country }`. */
const groupBy = z.union([z.array(expression).min(1), columns]);

const WINDOW_KINDS = ['tumbling', 'sliding', 'session'] as const;

const windowSchema = z
  .strictObject({
    tumbling: positiveDuration.optional().meta({ description: 'Size of windows that follow each other.' }),
    sliding: positiveDuration.optional().meta({ description: 'Size of windows that overlap; needs `by`.' }),
    by: positiveDuration.optional().meta({ description: 'How far a sliding window moves; divides its size.' }),
    session: positiveDuration.optional().meta({ description: 'The gap that ends a session.' }),
    timestamp: expression.optional().meta({ description: 'Event time; the time of the commit when absent.' }),
    lag: durationSchema
      .optional()
      .meta({ description: 'How much later than newer ones an event may come. Default 0s.' }),
    idle: positiveDuration.optional().meta({ description: 'A source without events for so long is not waited for.' }),
    early: positiveDuration.optional().meta({ description: 'Emit unfinished results that often.' }),
  })
  .refine((window) => WINDOW_KINDS.filter((kind) => window[kind] !== undefined).length === 1, {
    message: 'exactly one of tumbling, sliding and session',
  })
  .refine((window) => (window.sliding === undefined) === (window.by === undefined), {
    message: 'sliding and by together: { sliding: 10m, by: 1m }',
  })
  .refine(
    ({ sliding, by }) =>
      sliding === undefined || by === undefined || parseDurationMs(sliding)! % parseDurationMs(by)! === 0,
    { message: 'a size that by divides: { sliding: 10m, by: 1m }' },
  );

const RETRIES_MAX = 20;
const OPEN_MAX = 100_000;

/** What becomes of a record that the stage cannot take. */
export const onErrorSchema = z
  .union([
    z.enum(['fail', 'skip', 'dead-letter']),
    z.strictObject({
      action: z.enum(['fail', 'skip', 'dead-letter']),
      parkKeys: z.boolean().default(false).meta({
        description: 'dead-letter: later records of the same key are set aside as well, so that order per key holds.',
      }),
      retries: z
        .int()
        .min(0)
        .max(RETRIES_MAX)
        .default(0)
        .meta({ description: 'Of a sink: how often a record is tried again before it counts as refused.' }),
      backoff: durationSchema.default('200ms').meta({ description: 'Before the first retry; doubled each time.' }),
      openMax: z
        .int()
        .min(1)
        .max(OPEN_MAX)
        .default(10_000)
        .meta({ description: 'dead-letter: with more records of the stage set aside the job fails.' }),
      copyTo: z
        .looseObject({ sink: nameSchema.meta({ description: 'Name of a registered sink.' }) })
        .optional()
        .meta({
          description:
            'dead-letter: each letter is also written to this sink. The other options are those of a stage of that sink, such as topic.',
        }),
    }),
  ])
  .optional()
  .meta({
    description:
      'What becomes of a record that the stage cannot take: fail (the job stops with it), skip, or dead-letter (it is kept until somebody replays or discards it).',
  });

/** Of a source: what it cannot read has no key, and trying again gives the same. */
const sourceOnErrorSchema = z
  .union([
    z.enum(['fail', 'skip', 'dead-letter']),
    z.strictObject({
      action: z.enum(['fail', 'skip', 'dead-letter']),
      openMax: z.int().min(1).max(OPEN_MAX).default(10_000).meta({
        description: 'dead-letter: with more messages of the stage set aside the job fails.',
      }),
    }),
  ])
  .optional()
  .meta({ description: 'What becomes of a message or line that the source cannot read: fail, skip, or dead-letter.' });

export type OnError = z.input<typeof onErrorSchema>;

/** Left name to right expression: `{ after.id: after.order_id }`. */
const joinKeys = z
  .record(expression, expression)
  .refine((given) => Object.keys(given).length > 0, 'at least one pair of expressions');

/** Every kind of stage, told apart by the key of the same name (`aggregate` also by its window). */
export const stageSchemas = {
  /** Options beside `source` belong to the connector and are checked by its schema. */
  source: z.looseObject({ source: nameSchema, onError: sourceOnErrorSchema }),
  filter: z.strictObject({ input: nameSchema, filter: expression, onError: onErrorSchema }),
  where: z.strictObject({ input: nameSchema, where: expression, onError: onErrorSchema }),
  select: z.strictObject({ input: nameSchema, select: columns, onError: onErrorSchema }),
  aggregate: z.strictObject({
    input: nameSchema,
    window: windowSchema.optional(),
    groupBy: groupBy.optional(),
    aggregate: columns,
    onError: onErrorSchema,
  }),
  join: z.strictObject({
    input: nameSchema,
    join: z.strictObject({
      with: nameSchema,
      on: joinKeys,
      kind: z.enum(['inner', 'left']).default('inner'),
      /** Output columns that tell results apart: one with the same values replaces the earlier one. */
      key: z.array(z.string().min(1)).min(1),
      window: windowSchema,
    }),
    select: columns,
    onError: onErrorSchema,
  }),
  enrich: z.strictObject({
    input: nameSchema,
    enrich: z.strictObject({
      source: nameSchema,
      table: z.string().min(1).meta({ description: 'With its schema: public.customers.' }),
      /** Column of the table to the expression it equals. */
      on: joinKeys,
      /** New column to column of the table. */
      select: columns,
      cache: z
        .strictObject({
          entries: z.int().min(1).max(10_000_000).default(100_000),
          ttl: positiveDuration.default('1m'),
        })
        .default({ entries: 100_000, ttl: '1m' }),
      /** The whole table is held by every instance, instead of the cache. */
      hold: z
        .strictObject({
          rows: z.int().min(1).max(10_000_000).default(100_000),
          refresh: positiveDuration.default('30s'),
          maxAge: positiveDuration.default('2m'),
        })
        .optional(),
    }),
    onError: onErrorSchema,
  }),
  mapAsync: z.strictObject({
    input: nameSchema,
    mapAsync: z.strictObject({
      module: moduleHashSchema,
      export: z.string().min(1).default('default').meta({ description: 'The function of the module that is called.' }),
      /** What the function is called with. */
      of: columns,
      /** New columns, which the function gives, with their SQL types. */
      columns: z
        .record(z.string().min(1).max(63), z.string().min(1))
        .refine((given) => Object.keys(given).length > 0, 'at least one column')
        .meta({ description: 'The columns that the function gives, with their SQL types: { score: float8 }.' }),
      options: z.unknown().optional().meta({ description: 'Plain data that every call gets.' }),
      concurrency: z.int().min(1).max(1_000).default(16).meta({ description: 'Calls at one time, for each instance.' }),
      timeout: positiveDuration.default('30s'),
      retries: z.int().min(0).max(100).default(5),
    }),
    onError: onErrorSchema,
  }),
  distinct: z.strictObject({
    input: nameSchema,
    distinct: z.array(expression).min(1),
    within: positiveDuration,
    onError: onErrorSchema,
  }),
  deduplicate: z.strictObject({
    input: nameSchema,
    deduplicate: z.strictObject({ by: z.array(expression).min(1), within: positiveDuration }),
    onError: onErrorSchema,
  }),
  merge: z.strictObject({ input: z.array(nameSchema).min(2), merge: z.strictObject({}) }),
  /** Options beside `input` and `sink` belong to the connector. */
  sink: z.looseObject({
    input: z.union([nameSchema, z.array(nameSchema).min(1)]),
    sink: nameSchema,
    onError: onErrorSchema,
  }),
} as const;

export type StageKind = keyof typeof stageSchemas;
export type StageOf<Kind extends StageKind> = z.infer<(typeof stageSchemas)[Kind]>;
export type WindowOptions = z.infer<typeof windowSchema>;
