import { bytesText, MessageReader, type Refusals, textBytes } from '@millrace/connector-contract';
import {
  type DeclaredRow,
  declaredRowOfJson,
  declaredSchema,
  NotAValue,
  parseExact,
  type TableSchema,
} from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import type { SourceStage } from '../config.ts';
import { RowRefused } from '../errors.ts';

/** What a row is made of. */
export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  readonly userProperties: unknown;
}

/** Rows of messages. */
export function messageRows(
  stage: SourceStage,
  stageName: string,
  refusals: Refusals | undefined,
): MessageReader<Message> {
  const schema = declaredSchema(stage);
  return new MessageReader<Message>({
    schema,
    refusals,
    rowOf: (message) => rowOf(message, stage, schema),
    refused: ({ topic }, reason) =>
      new MillraceError(RowRefused, {
        message: `a message of ${topic}: ${reason}`,
        mend: 'Correct columns and key of the stage, or its topics. A message that nobody can read can be set aside: give the stage onError.',
        details: { topic },
      }),
    letter: {
      stage: stageName,
      names: ['topic', 'properties', 'payload'],
      partsOf: ({ topic, payload, userProperties }) => ({
        topic,
        payload,
        properties: userProperties === undefined ? null : JSON.stringify(userProperties),
      }),
      messageOf: ({ topic, payload, properties }) => ({
        topic: topic ?? '',
        payload: textBytes(payload ?? ''),
        userProperties: properties == null ? undefined : parsed(properties),
      }),
    },
  });
}

function rowOf({ topic, payload, userProperties }: Message, stage: SourceStage, { columns }: TableSchema): DeclaredRow {
  const { topicColumn, propertiesColumn, payloadColumn } = stage;
  const more: [string, unknown][] = [];
  if (topicColumn !== undefined) more.push([topicColumn, topic]);
  if (propertiesColumn !== undefined) more.push([propertiesColumn, propertiesOf(userProperties)]);
  const text = textOf(payload);
  if (payloadColumn !== undefined)
    return declaredRowOfJson(columns, JSON.stringify(Object.fromEntries([...more, [payloadColumn, text]])));
  if (more.length === 0) return declaredRowOfJson(columns, text);
  return declaredRowOfJson(columns, withMembers(text, Object.fromEntries(more)));
}

function textOf(payload: Buffer): string {
  const text = bytesText(payload);
  if (text.startsWith('base64:') && !payload.toString().startsWith('base64:'))
    throw new NotAValue('the payload is not UTF-8');
  return payload.toString();
}

/** As JSON.parse and JSON.stringify would, without rounding numbers: the text of the object is kept. */
function withMembers(text: string, members: Readonly<Record<string, unknown>>): string {
  const value: unknown = exactly(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new NotAValue('it is no JSON object');
  const head = JSON.stringify(members);
  const isEmpty = Object.keys(value).length === 0;
  return isEmpty ? head : `${text.trimEnd().slice(0, -1)},${head.slice(1)}`;
}

function exactly(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    throw new NotAValue('it is not JSON');
  }
}

/** What somebody has edited may be no JSON; then it stays a text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A name may be there several times; then its values are a list. */
function propertiesOf(properties: unknown): Readonly<Record<string, unknown>> {
  if (typeof properties === 'string') throw new NotAValue('its properties are no JSON object');
  return typeof properties === 'object' && properties !== null ? { ...properties } : {};
}
