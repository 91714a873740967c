import {
  DeclaredMessages,
  type MessagePlace,
  type Refusals,
  type UnreadMessage,
  UnreadMessages,
} from '@millrace/connector-contract';
import type { ChangeBatch } from '@millrace/formats';
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
const PLACE = ['address', 'message_id', 'subject'] as const;

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

/** Rows of messages. */
export class MessageRows {
  readonly unread: UnreadMessages | undefined;
  readonly #messages: DeclaredMessages;
  readonly #address: string;

  /** @param refusals where those are set aside that are no rows */
  constructor(stage: SourceStage, name: string, refusals: Refusals | undefined) {
    this.#messages = new DeclaredMessages(stage);
    this.#address = stage.address;
    if (refusals !== undefined)
      this.unread = new UnreadMessages({ stage: name, place: PLACE, messages: this.#messages, refusals, refused });
  }

  /**
   * Those that are rows, and those that are to be set aside.
   * @throws MillraceError `amqp.row_refused` of the first that is none, where none are set aside
   */
  read(
    messages: readonly Message[],
    nowMs: number,
  ): { readonly batch: ChangeBatch; readonly unread: readonly UnreadMessage[] } {
    const texts = messages.map(({ body }) => textOf(body));
    const unread: UnreadMessage[] = [];
    const batch = this.#messages.batch(
      texts.map((text) => text ?? ''),
      nowMs,
      (index, reason) => {
        const text = texts[index];
        const place = this.#placeOf(messages[index]!);
        const error = refused(place, text === undefined ? 'its body is neither text nor bytes' : reason);
        if (this.unread === undefined) return error;
        unread.push({ place, body: text ?? '', error });
        return undefined;
      },
    );
    return { batch, unread };
  }

  #placeOf({ message_id: id, subject }: Message): MessagePlace {
    const text = Buffer.isBuffer(id) ? id.toString('hex') : id;
    return { address: this.#address, message_id: text === undefined ? null : String(text), subject: subject ?? null };
  }
}

const refused = (place: MessagePlace, reason: string): MillraceError =>
  new MillraceError(RowRefused, {
    message: `message ${place['message_id'] ?? 'without an id'} of ${place['address']}: ${reason}`,
    mend: 'Correct columns and key of the stage, or let it set such messages aside ("onError": "dead-letter").',
    details: place,
  });
