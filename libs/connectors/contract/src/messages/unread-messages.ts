import type { Outbox } from '@millrace/engine';
import type { ChangeBatch } from '@millrace/formats';
import { isRecordError, type MillraceError } from '@millrace/kernel';
import type { Refusals } from '../refusals.ts';
import { textBytes, UnreadEvents } from '../unread.ts';
import type { DeclaredMessages } from './declared-messages.ts';

/** Where a message was, as its letter says it: `{ stream: 'ORDERS', sequence: 7 }`. */
export type MessagePlace = Readonly<Record<string, string | number | null>>;

/** A message that is no row. It is set aside when what follows it is handed on, so that one snapshot has both. */
export interface UnreadMessage {
  readonly place: MessagePlace;
  readonly body: Uint8Array | string;
  readonly error: MillraceError;
}

export interface UnreadMessagesOptions {
  readonly stage: string;
  /** Names of the parts of a place, in the order in which they are shown. */
  readonly place: readonly string[];
  readonly messages: DeclaredMessages;
  readonly refusals: Refusals;
  /** The error of a message in this place that is no row. */
  readonly refused: (place: MessagePlace, reason: string) => MillraceError;
}

/** Sets messages aside that are no rows of declared columns, and reads those again that come back. */
export class UnreadMessages {
  readonly #options: UnreadMessagesOptions;
  readonly #events: UnreadEvents;
  /** What came back last, and the row it is now. */
  #again: { readonly given: ChangeBatch; readonly batch: ChangeBatch } | undefined;

  constructor(options: UnreadMessagesOptions) {
    this.#options = options;
    this.#events = new UnreadEvents(options.stage, [...options.place, 'value']);
  }

  setAside({ place, body, error }: UnreadMessage, receivedMs: number): void {
    const value = typeof body === 'string' ? Buffer.from(body) : body;
    this.#options.refusals.refuse(this.#events.batchOf({ ...place, value }, receivedMs), 0, error);
  }

  /** A source's `process`: messages that came back, perhaps edited, go on as rows, or are set aside again. */
  handOn(given: ChangeBatch, outbox: Outbox, receivedMs: number): boolean {
    if (this.#again?.given !== given) this.#again = { given, batch: this.#readAgain(given, receivedMs) };
    const { batch } = this.#again;
    if (batch.length > 0 && !outbox.offer(batch)) return false;
    this.#again = undefined;
    return true;
  }

  #readAgain(given: ChangeBatch, receivedMs: number): ChangeBatch {
    const { messages, refusals, refused } = this.#options;
    const whole: { readonly index: number; readonly parts: Readonly<Record<string, string | null>> }[] = [];
    for (let index = 0; index < given.length; index++) {
      try {
        whole.push({ index, parts: this.#events.partsOf(given, index) });
      } catch (error) {
        if (!isRecordError(error)) throw error;
        refusals.refuse(given, index, error);
      }
    }
    const bodies = whole.map(({ parts }) => textBytes(parts['value'] ?? ''));
    return messages.batch(bodies, receivedMs, (at, reason) => {
      const { index, parts } = whole[at]!;
      refusals.refuse(given, index, refused(parts, reason));
      return undefined;
    });
  }
}
