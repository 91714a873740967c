import { bytesText, type Refusals, textBytes, UnreadEvents } from '@millrace/connector-contract';
import {
  type ChangeBatch,
  type DeclaredRow,
  declaredRowOfJson,
  declaredSchema,
  encodeRows,
  NotAValue,
  parseExact,
  type TableSchema,
} from '@millrace/formats';
import { isRecordError, MillraceError } from '@millrace/kernel';
import type { SourceStage } from '../config.ts';
import { RowRefused } from '../errors.ts';

/** What a row is made of. */
export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  readonly userProperties: unknown;
}

/** Rows of messages, and of those that cannot be read what their letters hold. */
export class MessageRows {
  readonly #stage: SourceStage;
  readonly #schema: TableSchema;
  readonly #events: UnreadEvents;

  constructor(stage: SourceStage, stageName: string) {
    this.#stage = stage;
    this.#schema = declaredSchema(stage);
    this.#events = new UnreadEvents(stageName, ['topic', 'properties', 'payload']);
  }

  batch(rows: readonly DeclaredRow[], receivedMs: number): ChangeBatch | undefined {
    return rows.length === 0 ? undefined : encodeRows(this.#schema, rows, { receivedMs });
  }

  /** @throws MillraceError `mqtt.row_refused` */
  rowOf({ topic, payload, userProperties }: Message): DeclaredRow {
    const { topicColumn, propertiesColumn, payloadColumn } = this.#stage;
    try {
      const more: [string, unknown][] = [];
      if (topicColumn !== undefined) more.push([topicColumn, topic]);
      if (propertiesColumn !== undefined) more.push([propertiesColumn, propertiesOf(userProperties)]);
      const text = textOf(payload);
      if (payloadColumn !== undefined)
        return declaredRowOfJson(
          this.#schema.columns,
          JSON.stringify(Object.fromEntries([...more, [payloadColumn, text]])),
        );
      if (more.length === 0) return declaredRowOfJson(this.#schema.columns, text);
      return declaredRowOfJson(this.#schema.columns, withMembers(text, Object.fromEntries(more)));
    } catch (error) {
      if (!(error instanceof NotAValue)) throw error;
      throw new MillraceError(RowRefused, {
        message: `a message of ${topic}: ${error.message}`,
        mend: 'Correct columns and key of the stage, or its topics. A message that nobody can read can be set aside: give the stage onError.',
        details: { topic },
      });
    }
  }

  refuse(
    refusals: Refusals,
    { topic, payload, userProperties }: Message,
    error: MillraceError,
    receivedMs: number,
  ): void {
    const properties = userProperties === undefined ? null : JSON.stringify(userProperties);
    refusals.refuse(this.#events.batchOf({ topic, properties, payload }, receivedMs), 0, error);
  }

  /** Rows of what came back; what cannot be read is refused again. */
  readAgain(refusals: Refusals, batch: ChangeBatch): readonly DeclaredRow[] {
    const rows: DeclaredRow[] = [];
    for (let index = 0; index < batch.length; index++) {
      try {
        const { topic, properties, payload } = this.#events.partsOf(batch, index);
        const userProperties: unknown = properties == null ? undefined : JSON.parse(properties);
        rows.push(this.rowOf({ topic: topic ?? '', payload: textBytes(payload ?? ''), userProperties }));
      } catch (error) {
        if (!isRecordError(error)) throw error;
        refusals.refuse(batch, index, error);
      }
    }
    return rows;
  }
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

/** A name may be there several times; then its values are a list. */
const propertiesOf = (properties: unknown): Readonly<Record<string, unknown>> =>
  typeof properties === 'object' && properties !== null ? { ...properties } : {};
