import { checkDeclaredKey, declaredTableFields } from '@millrace/connector-contract';
import { type DeclaredType, declaredSchema, type TableSchema } from '@millrace/formats';
import { parseSizeBytes } from '@millrace/kernel';
import { z } from 'zod';
import { duration } from '../config.ts';
import { framingField } from '../framing/framing.ts';

const FRAME_BYTES_MIN = 64;
const FRAME_BYTES_MAX = 67_108_864;
const SENDERS_MAX = 100_000;

/** The one column of what has no columns of its own. */
const ONE_COLUMN: Readonly<Record<string, Readonly<Record<string, DeclaredType>>>> = {
  json: {},
  text: { line: 'text' },
  bytes: { data: 'bytea' },
};

const { table, columns, key } = declaredTableFields({
  columns: 'Columns by name with their types.',
  key: 'Columns that identify a row.',
});

/** What a job's source stage reads. */
export const sourceStage = z
  .strictObject({
    framing: framingField,
    format: z.enum(['json', 'text', 'bytes']).default('json').meta({
      description:
        'What a message is. json: an object; its members are the columns. text: the one column, as it is. bytes: the same, of type bytea; with length-prefixed.',
    }),
    table,
    columns: columns.optional().meta({
      description:
        'Columns by name with their types. Other members of an object are left out. Default of text: {"line": "text"}; of bytes: {"data": "bytea"}.',
    }),
    key,
    frame: z
      .string()
      .default('1MiB')
      .refine((text) => {
        const bytes = parseSizeBytes(text) ?? 0;
        return bytes >= FRAME_BYTES_MIN && bytes <= FRAME_BYTES_MAX;
      }, 'a size from 64B to 64MiB, such as 1MiB')
      .meta({ description: 'Bytes of a message at most. A longer one is refused (onError).' }),
    idle: duration().default('10m').meta({
      description: 'A connection over which nothing comes for this long is closed.',
    }),
    acknowledge: z.boolean().default(false).meta({
      description:
        'true: the other end says who it is (STREAM name) and is told what a committed snapshot holds of it (ACK n), so that it can send the rest again. false: what came after the last snapshot is lost when a worker crashes.',
    }),
    senders: z.int().min(1).max(SENDERS_MAX).default(1_000).meta({
      description:
        'With acknowledge: names that are known at most, each with its number. They are part of each snapshot.',
    }),
  })
  .superRefine((stage, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    const declared = columnsOf(stage);
    if (Object.keys(declared).length === 0) refuse('columns', 'needed with format json');
    const one = Object.values(ONE_COLUMN[stage.format]!).join();
    if (one !== '' && Object.values(declared).join() !== one)
      refuse('columns', `${stage.format} has one column, of type ${one}`);
    if (stage.format === 'bytes' && stage.framing === 'lines') refuse('format', 'bytes only with length-prefixed');
    checkDeclaredKey({ columns: declared, key: stage.key }, context);
  });

export type SourceStage = z.output<typeof sourceStage>;

const columnsOf = ({
  format,
  columns: declared,
}: Pick<SourceStage, 'format' | 'columns'>): Readonly<Record<string, DeclaredType>> => declared ?? ONE_COLUMN[format]!;

/** The rows as the stage delivers them. */
export const rowSchema = (stage: SourceStage): TableSchema =>
  declaredSchema({ table: stage.table, columns: columnsOf(stage), key: stage.key });
