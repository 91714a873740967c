import type { Clock, MillraceError } from '@millrace/kernel';
import type { Delivery, EventContext, Message, Receiver, Typed } from 'rhea';
import type { Answers } from './answers.ts';

/** A message and what settles it. */
export interface Received {
  readonly message: Message;
  readonly delivery: Delivery;
}

/** Receives messages of a node, as far as it gives credit. */
export class ReceivingLink {
  readonly #receiver: Receiver;
  readonly #answers: Answers;
  readonly #clock: Clock;
  #received: (received: Received) => void = () => {};

  constructor(receiver: Receiver, answers: Answers, clock: Clock) {
    this.#receiver = receiver;
    this.#answers = answers;
    this.#clock = clock;
    receiver.on('message', ({ message, delivery }: EventContext) =>
      this.#received({ message: message!, delivery: delivery! }),
    );
  }

  /** Messages come to `received`, as many as there is credit for. */
  listen(received: (received: Received) => void): void {
    this.#received = received;
  }

  addCredit(messages: number): void {
    this.#receiver.add_credit(messages);
  }

  /**
   * The next message that nobody else holds. Not while it takes another, and not any more when it has failed.
   * @param late the error when none has come in time
   */
  async take(waitMs: number, late: () => MillraceError): Promise<Received> {
    const taken = this.#answers.expect<Received>();
    this.#received = taken.resolve;
    const cancel = this.#clock.timer(waitMs, () => taken.reject(late()));
    this.addCredit(1);
    return taken.promise.finally(cancel);
  }

  /** @param outcome perhaps as a state in a transaction */
  settle({ delivery }: Received, outcome: Typed): void {
    delivery.update(true, outcome);
  }
}
