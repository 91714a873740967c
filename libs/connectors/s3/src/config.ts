import { checkDeletesAreTold, rowFileFields, secretField } from '@millrace/connector-contract';
import { parseDurationMs, parseSizeBytes } from '@millrace/kernel';
import { z } from 'zod';
import { hasTime, pathProblem } from './naming/path-template.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** S3's own limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const PART_BYTES_MIN = 5 * MIB;
const PARTS_MAX = 10_000;

/** Larger parts only cost memory. */
const PART_BYTES_MAX = 256 * MIB;
const ROLL_BYTES_MIN = 64 * KIB;
const ROLL_AFTER_MS_MIN = 1_000;
const REQUESTS_MAX = 64;
const COMPACT_EVERY_MS_MIN = 1_000;
const COMPACT_KEEP_MS_MIN = 60_000;

/** Parts that must fit into the memory: one is filled while others travel. */
const PARTS_IN_MEMORY_MIN = 3;

const size = (min: number, max: number, example: string) =>
  z.string().refine(
    (text) => {
      const bytes = parseSizeBytes(text) ?? 0;
      return bytes >= min && bytes <= max;
    },
    `a size from ${min / KIB}KiB to ${max / MIB}MiB, such as ${example}`,
  );

const duration = (minMs: number, example: string) =>
  z
    .string()
    .refine(
      (text) => (parseDurationMs(text) ?? 0) >= minMs,
      `a duration of at least ${minMs / 1_000}s, such as ${example}`,
    );

/** Leaves room for paths and names in a key. */
const PREFIX_BYTES_MAX = 128;

/** How to reach a bucket. */
export const s3Config = z
  .strictObject({
    bucket: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}$/, 'the name of a bucket')
      .meta({ description: 'Bucket to write to; it must exist.' }),
    prefix: z
      .string()
      .regex(/^([A-Za-z0-9!_.*'()=-]+\/)*$/, 'empty, or a path that ends with a slash')
      .max(PREFIX_BYTES_MAX)
      .default('')
      .meta({ description: 'Everything is written below this, such as lake/.' }),
    region: z.string().min(1).default('us-east-1').meta({ description: 'Region of the bucket.' }),
    endpoint: z
      .url({ protocol: /^https?$/ })
      .optional()
      .meta({ description: 'Address of an S3-compatible server. Default: AWS, by the region.' }),
    pathStyle: z.boolean().default(false).meta({
      description:
        'true: the bucket is part of the path and not of the host name, as most servers other than AWS want it.',
    }),
    accessKeyId: z.string().min(1).optional().meta({
      description:
        "Access key. Default: the SDK's chain (environment, shared files, web identity, container, instance).",
    }),
    secretAccessKey: secretField().optional().meta({ description: 'Secret of accessKeyId.' }),
  })
  .refine(({ accessKeyId, secretAccessKey }) => (accessKeyId === undefined) === (secretAccessKey === undefined), {
    message: 'accessKeyId and secretAccessKey go together',
    path: ['secretAccessKey'],
  });

/** What a job's sink stage writes. */
export const s3Stage = z
  .strictObject({
    path: z
      .string()
      .default('{schema}.{table}')
      .superRefine((path, context) => {
        const problem = pathProblem(path);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
      })
      .meta({
        description:
          'Folder of the objects. {schema}, {table}, {job}; {yyyy}, {mm}, {dd}, {hh} of the commit time (UTC); {row.NAME} for the value of a column.',
      }),
    timeColumn: z.string().min(1).optional().meta({
      description:
        'Column (a date or timestamp) whose time {yyyy}, {mm}, {dd} and {hh} of the path take instead of the commit time.',
    }),
    format: z.enum(['ndjson', 'debezium-json', 'csv', 'parquet', 'avro']).default('ndjson').meta({
      description:
        "ndjson: one row per line as a JSON object. debezium-json: Debezium's envelope. csv: RFC 4180 with a header. parquet: typed columns. avro: object container files.",
    }),
    compression: z.enum(['none', 'gzip', 'zstd']).default('none').meta({
      description: 'Compression of the objects; of the pages of parquet and the blocks of avro (gzip: deflate).',
    }),
    ...rowFileFields,
    rollBytes: size(ROLL_BYTES_MIN, 5_242_880 * MIB, '128MiB')
      .default('128MiB')
      .meta({
        description: 'An object that reaches this size, as stored, is followed by another.',
      }),
    rollRows: z.int().min(1).optional().meta({ description: 'An object with so many rows is followed by another.' }),
    rollAfter: duration(ROLL_AFTER_MS_MIN, '1m')
      .default('1m')
      .meta({ description: 'With guarantee none: objects appear after this time. Otherwise snapshots decide.' }),
    compaction: z
      .strictObject({
        below: size(KIB, 65_536 * MIB, '16MiB')
          .default('16MiB')
          .meta({ description: 'Objects smaller than this become one with others.' }),
        every: duration(COMPACT_EVERY_MS_MIN, '10m')
          .default('10m')
          .meta({ description: 'How often objects are looked for.' }),
        keep: duration(COMPACT_KEEP_MS_MIN, '1d')
          .default('1d')
          .meta({ description: 'So long the old objects stay for readers that began before.' }),
      })
      .optional()
      .meta({
        description:
          'Small objects become larger ones; readers that go by manifests and compactions see each row once. Needs conditional writes. Default: none.',
      }),
    partBytes: size(PART_BYTES_MIN, PART_BYTES_MAX, '8MiB')
      .default('8MiB')
      .meta({ description: 'Size of an upload part.' }),
    memory: size(16 * MIB, 65_536 * MIB, '80MiB')
      .default('80MiB')
      .meta({
        description:
          'Bytes that wait to be sent or are on their way, per writer. When it is full, the largest objects are finished early, then the source waits.',
      }),
    requests: z
      .int()
      .min(1)
      .max(REQUESTS_MAX)
      .default(8)
      .meta({ description: 'Requests under way at the same time, per writer.' }),
  })
  .superRefine((stage, context) => {
    const problem = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    const [partBytes, rollBytes, memory] = [stage.partBytes, stage.rollBytes, stage.memory].map(parseSizeBytes);
    if (partBytes === undefined || rollBytes === undefined || memory === undefined) return;
    if (rollBytes > partBytes * (PARTS_MAX - 1))
      problem('rollBytes', `an object has at most ${PARTS_MAX} parts: raise partBytes or lower rollBytes`);
    if (memory < partBytes * PARTS_IN_MEMORY_MIN) problem('memory', `at least ${PARTS_IN_MEMORY_MIN} times partBytes`);
    if (stage.timeColumn !== undefined && !hasTime(stage.path))
      problem('timeColumn', 'the path has none of {yyyy}, {mm}, {dd}, {hh}');
    checkDeletesAreTold(stage, context);
  });

export type S3Config = z.infer<typeof s3Config>;
export type S3Stage = z.infer<typeof s3Stage>;
