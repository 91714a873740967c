import { type ChangeBatch, NO_TUPLE, NULL, TupleCursor } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { TopicOfRow } from '../errors.ts';

/** Names that Kafka takes. https://kafka.apache.org/documentation/#operations_topic_naming (249 bytes) */
const TOPIC_NAME = /^[A-Za-z0-9._-]{1,249}$/;

const cursor = new TupleCursor();

/** Text of a column of the row after the change, or of what is known of one that is gone; `undefined`: NULL, not sent, or no such column. */
export function columnOfRow(batch: ChangeBatch, index: number, name: string): string | undefined {
  const column = batch.schemas[batch.schemaOf[index]!]!.columns.find((each) => each.name === name);
  const after = batch.after[index]!;
  const offset = after === NO_TUPLE ? batch.before[index]! : after;
  if (column === undefined || offset === NO_TUPLE) return undefined;
  cursor.read(batch.bytes, offset);
  const length = cursor.lengths[column.field]!;
  if (length <= NULL) return undefined;
  const start = cursor.starts[column.field]!;
  return Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset + start, length).toString();
}

/** The topic that a row names; an error of the record when it names none. */
export function topicOfRow(batch: ChangeBatch, index: number, column: string): string | MillraceError {
  const topic = columnOfRow(batch, index, column);
  if (topic !== undefined && TOPIC_NAME.test(topic)) return topic;
  return new MillraceError(TopicOfRow, {
    message: `column ${column} ${topic === undefined ? 'has no value' : `holds ${JSON.stringify(topic.slice(0, 80))}`}, and the topic is to stand there`,
    mend: 'Write the name of a topic there: letters, digits, ".", "_" and "-".',
  });
}

/** Members of a JSON object as headers; anything else, and a column that is not of type json, has none. */
export function headersOfRow(
  batch: ChangeBatch,
  index: number,
  column: string,
): readonly (readonly [string, string])[] {
  const isJson = batch.schemas[batch.schemaOf[index]!]!.columns.some(
    ({ name, kind }) => name === column && kind === 'json',
  );
  const text = isJson ? columnOfRow(batch, index, column) : undefined;
  if (text === undefined) return [];
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    each === null ? [] : [[name, typeof each === 'string' ? each : JSON.stringify(each)] as const],
  );
}
