import type { Delivery, EventContext, Sender, Typed } from 'rhea';
import { messageRefused } from '../errors.ts';
import type { Answers } from './answers.ts';
import type { TransactionalSession } from './transactional-session.ts';

interface Inside {
  /** Deliveries that were written, as the peer counts them. */
  readonly delivery_count: number;
  readonly credit: number;
  readonly session: { readonly outgoing: { available(): number } };
  send(payload: Uint8Array, tag: undefined, format: number): Delivery;
}

/** Sends messages that are encoded already, as far as the peer gives credit. */
export class SendingLink {
  readonly #inside: Inside;
  readonly #session: TransactionalSession;
  readonly #answers: Answers;
  readonly #sent = new Map<number, PromiseWithResolvers<void>>();
  #count = 0;
  #hasRoom: (() => void) | undefined;

  /** @param name of the node, for messages */
  constructor(
    sender: Sender,
    { session, answers, name }: { session: TransactionalSession; answers: Answers; name: string },
  ) {
    this.#inside = sender as unknown as Inside;
    this.#session = session;
    this.#answers = answers;
    const settle = ({ delivery }: EventContext, refused?: Error): void => {
      const sent = this.#sent.get(delivery!.id);
      this.#sent.delete(delivery!.id);
      if (refused === undefined) sent?.resolve();
      else sent?.reject(refused);
    };
    sender.on('accepted', (context: EventContext) => settle(context));
    sender.on('rejected', (context: EventContext) => {
      const { error } = (context.delivery!.remote_state ?? {}) as {
        error?: { condition?: string; description?: string };
      };
      settle(context, messageRefused(name, error?.condition ?? 'rejected', error?.description));
    });
    sender.on('released', (context: EventContext) => settle(context, messageRefused(name, 'released')));
    sender.on('sendable', () => this.#hasRoom?.());
  }

  /** The library counts credit down only when it writes. */
  get #free(): number {
    const unwritten = this.#count - this.#inside.delivery_count;
    return Math.min(this.#inside.credit - unwritten, this.#inside.session.outgoing.available());
  }

  /** Resolves when one more can be sent; `undefined`: at once. */
  room(): Promise<void> | undefined {
    return this.#free > 0 ? undefined : this.#roomLater();
  }

  async #roomLater(): Promise<void> {
    while (this.#free <= 0) {
      const room = this.#answers.expect<void>();
      this.#hasRoom = room.resolve;
      await room.promise;
    }
  }

  /** To be called when there is room. Resolves when the peer has accepted it. @param state of the delivery, in a transaction */
  send(payload: Uint8Array, state?: Typed): { readonly delivery: number; readonly accepted: Promise<void> } {
    const { id } = this.#inside.send(payload, undefined, 0);
    this.#count += 1;
    const sent = this.#answers.expect<void>();
    this.#sent.set(id, sent);
    if (state === undefined) return { delivery: id, accepted: sent.promise };
    this.#session.setState(id, state);
    const forget = (): void => this.#session.setState(id, undefined);
    sent.promise.then(forget, forget);
    return { delivery: id, accepted: sent.promise };
  }
}
