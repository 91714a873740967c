import { MessageReader, type Refusals, textBytes } from '@millrace/connector-contract';
import { declaredRowOfJson, declaredSchema, NotAValue } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import rhea, { type Message } from 'rhea';
import type { SourceStage } from '../config.ts';
import { MessageIdMissing, RowRefused } from '../errors.ts';

/** A data section as the library gives it. */
interface DataSection {
  readonly typecode: number;
  readonly content: Buffer | readonly Buffer[];
}

const DATA_SECTION: number = (rhea.message.data_section(Buffer.alloc(0)) as DataSection).typecode;

/** The text of a body: JMS text and bytes messages, and data. `undefined`: it is none of them. */
function textOf(body: unknown): string | Uint8Array | undefined {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  const { typecode, content } = (body ?? {}) as Partial<DataSection>;
  if (typecode !== DATA_SECTION || content === undefined) return undefined;
  return Buffer.isBuffer(content) ? content : Buffer.concat(content);
}

/** The message id as a text; ids of different types are different. @throws MillraceError `amqp.message_id_missing` */
export function idOf({ message_id: id }: Message, address: string): string {
  if (typeof id === 'string') return `s${id}`;
  if (Buffer.isBuffer(id)) return `b${id.toString('hex')}`;
  if (id !== undefined && id !== null) return `n${id}`;
  throw new MillraceError(MessageIdMissing, {
    message: `a message of ${address} has no message id, by which it would be known when the broker sends it again`,
    mend: 'Let the sender set message-id (JMS does so by itself), or set "duplicates": "allow" in the stage: at least once.',
    details: { address },
  });
}

/** What a row is made of, and where it was. */
export interface MessageParts {
  readonly id: string | null;
  readonly subject: string | null;
  /** `undefined`: it is neither text nor bytes. */
  readonly body: string | Uint8Array | undefined;
}

export function partsOf({ message_id: id, subject, body }: Message): MessageParts {
  const text = Buffer.isBuffer(id) ? id.toString('hex') : id;
  return { id: text === undefined ? null : String(text), subject: subject ?? null, body: textOf(body) };
}

/** Rows of messages. */
export function messageRows(
  stage: SourceStage,
  stageName: string,
  refusals: Refusals | undefined,
): MessageReader<MessageParts> {
  const schema = declaredSchema(stage);
  const { address } = stage;
  return new MessageReader<MessageParts>({
    schema,
    refusals,
    rowOf({ body }) {
      if (body === undefined) throw new NotAValue('its body is neither text nor bytes');
      return declaredRowOfJson(schema.columns, typeof body === 'string' ? body : Buffer.from(body).toString());
    },
    refused: ({ id, subject }, reason) =>
      new MillraceError(RowRefused, {
        message: `message ${id ?? 'without an id'} of ${address}: ${reason}`,
        mend: 'Correct columns and key of the stage, or let it set such messages aside ("onError": "dead-letter").',
        details: { address, message_id: id, subject },
      }),
    letter: {
      stage: stageName,
      names: ['address', 'message_id', 'subject', 'value'],
      partsOf: ({ id, subject, body = '' }) => ({
        address,
        message_id: id,
        subject,
        value: typeof body === 'string' ? Buffer.from(body) : body,
      }),
      messageOf: ({ message_id: id = null, subject = null, value }) => ({ id, subject, body: textBytes(value ?? '') }),
    },
  });
}
