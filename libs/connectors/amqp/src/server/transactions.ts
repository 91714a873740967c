import { MillraceError } from '@millrace/kernel';
import { NoTransactions, RolledBack } from '../errors.ts';
import type { Received, ReceivingLink } from './receiving-link.ts';
import type { SendingLink } from './sending-link.ts';
import {
  accepted,
  declareMessage,
  dischargeMessage,
  stateIn,
  type TransactionalSession,
} from './transactional-session.ts';

/** What is to count together. */
export class Transaction {
  readonly #id: Buffer;
  readonly #session: TransactionalSession;
  readonly #sent: Promise<void>[] = [];

  constructor(id: Buffer, session: TransactionalSession) {
    this.#id = id;
    this.#session = session;
  }

  /** To be called when the link has room. */
  send(link: SendingLink, payload: Uint8Array): void {
    const { accepted: sent } = link.send(payload, stateIn(this.#id));
    // Looked at when all are sent.
    sent.catch(() => {});
    this.#sent.push(sent);
  }

  accept(link: ReceivingLink, received: Received): void {
    link.settle(received, stateIn(this.#id, accepted()));
  }

  /** Nothing else of the session may be accepted meanwhile. */
  acceptAll(link: ReceivingLink, received: readonly Received[]): Promise<void> {
    return this.#session.acceptIn(this.#id, () => {
      for (const each of received) link.settle(each, accepted());
    });
  }

  /** Resolves when the peer has taken all that was sent. @throws MillraceError `amqp.message_refused` */
  async taken(): Promise<void> {
    await Promise.all(this.#sent);
  }
}

/** Local transactions of a session (part 4 of the AMQP 1.0 specification). */
export class Transactions {
  readonly #session: TransactionalSession;
  readonly #coordinator: SendingLink;

  constructor(session: TransactionalSession, coordinator: SendingLink) {
    this.#session = session;
    this.#coordinator = coordinator;
  }

  /** Declares a transaction and discharges it: it counts when `work` resolves, and not when it rejects. */
  async run(work: (transaction: Transaction) => Promise<void>): Promise<void> {
    const id = await this.#declare();
    const transaction = new Transaction(id, this.#session);
    try {
      await work(transaction);
      await transaction.taken();
    } catch (error) {
      await this.#discharge(id, true).catch(() => {});
      throw error;
    }
    await this.#discharge(id, false);
  }

  async #declare(): Promise<Buffer> {
    await this.#coordinator.room();
    const { delivery, accepted: declared } = this.#coordinator.send(declareMessage());
    await declared;
    const id = this.#session.takeDeclared(delivery);
    if (id !== undefined) return id;
    throw new MillraceError(NoTransactions, {
      message: 'the broker accepts a transaction and names none',
      mend: 'Use a broker with AMQP 1.0 local transactions.',
    });
  }

  async #discharge(id: Buffer, fail: boolean): Promise<void> {
    // The library writes what settles deliveries after what is sent in the same turn: this has to be the last.
    await new Promise(setImmediate);
    await this.#coordinator.room();
    await this.#coordinator.send(dischargeMessage(id, fail)).accepted.catch((error: unknown) => {
      if (!(error instanceof MillraceError) || error.code.code !== 'amqp.message_refused') throw error;
      throw new MillraceError(RolledBack, { message: `the broker rolled a transaction back: ${error.message}` });
    });
  }
}
