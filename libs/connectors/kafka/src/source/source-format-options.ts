import type { DeclaredTable } from '@millrace/formats';
import { z } from 'zod';
import { keyFormatOf } from '../message/format-options.ts';

/** Options of a source stage: what its messages hold. */
export const sourceFormatFields = {
  format: z.enum(['json', 'debezium-json', 'avro', 'json-schema', 'cloudevents', 'plain']).default('json').meta({
    description:
      "json: objects. debezium-json: Debezium's envelopes. avro, json-schema: with the id of a schema in the registry before them. cloudevents: CloudEvents 1.0 with a row as data. plain: key and value are one column each.",
  }),
  keyFormat: z.enum(['json', 'avro', 'json-schema', 'plain']).optional().meta({
    description:
      'Of the keys, by which messages without value delete. Default: as the format; json for debezium-json and cloudevents.',
  }),
  resolve: z.enum(['declared', 'latest']).optional().meta({
    description:
      "In format avro. declared (the default): columns are looked for in the schema that a message was written with. latest: messages are first resolved to the newest version of the topic's subject, with its defaults and aliases.",
  }),
};

type SourceFormat = z.output<z.ZodObject<typeof sourceFormatFields>> & Pick<DeclaredTable, 'columns' | 'key'>;

/** For `superRefine` of the source stage. */
export function checkSourceFormat(stage: SourceFormat, context: z.RefinementCtx): void {
  const { format, key, columns, resolve } = stage;
  const refuse = (name: string, message: string): void => context.addIssue({ code: 'custom', path: [name], message });
  const keyFormat = keyFormatOf(stage);
  if (resolve !== undefined && format !== 'avro') refuse('resolve', 'only with format avro');
  if (stage.keyFormat !== undefined && key.length === 0) refuse('keyFormat', 'only with a key');
  if ((format === 'plain' || keyFormat === 'plain') && (key.length > 1 || (format === 'plain' && key.length === 0))) {
    refuse('key', 'one column: a plain key is its value');
  }
  if (format === 'plain' && Object.keys(columns).length !== 2) {
    refuse('columns', 'two columns with format plain: that of the key, and one for the value');
  }
}
