import { type Clock, systemClock } from '@millrace/kernel';
import type { Connection as AmqpConnection, AmqpError, EventContext, Session } from 'rhea';
import type { Connection, NodeKind } from '../config.ts';
import { brokerError } from '../errors.ts';
import { Answers } from './answers.ts';
import { closeConnection, openConnection, whenEnded } from './connection.ts';
import { ReceivingLink } from './receiving-link.ts';
import { SendingLink } from './sending-link.ts';
import { TransactionalSession } from './transactional-session.ts';
import { Transactions } from './transactions.ts';

/** Deliveries that may be under way, beside those of `unsettledMax`. */
const BUFFER_DELIVERIES = 4_096;

export interface BrokerOptions {
  /** Of the connection; unique. */
  readonly name: string;
  /** Told once of what ends the connection before `close` does. */
  readonly ended?: (error: Error) => void;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Deliveries that may stay unsettled. Default: few. */
  readonly unsettledMax?: number;
}

/** A broker by one connection and one session. When the connection ends, everything fails; nothing is tried again here. */
export class Broker {
  readonly #connection: AmqpConnection;
  readonly #session: Session;
  readonly #transactional: TransactionalSession;
  readonly #answers = new Answers();
  readonly #clock: Clock;
  #isClosed = false;

  private constructor(connection: AmqpConnection, { ended, clock = systemClock, unsettledMax = 0 }: BrokerOptions) {
    this.#connection = connection;
    this.#clock = clock;
    const size = BUFFER_DELIVERIES + unsettledMax;
    this.#session = connection.create_session({ incoming: size, outgoing: BUFFER_DELIVERIES });
    this.#transactional = new TransactionalSession(this.#session);
    this.#session.begin();
    whenEnded(connection, (error) => this.#end(brokerError(error, 'go on'), ended));
  }

  /** @throws MillraceError `amqp.unreachable`, `amqp.login_refused` */
  static async open(config: Connection, options: BrokerOptions): Promise<Broker> {
    return new Broker(await openConnection(config, options.name), options);
  }

  /** @throws MillraceError `amqp.address_missing`, `amqp.not_allowed` */
  async sender(address: string, kind: NodeKind): Promise<SendingLink> {
    const sender = this.#session.open_sender({ target: { address, capabilities: [kind] } });
    const link = new SendingLink(sender, { session: this.#transactional, answers: this.#answers, name: address });
    await this.#attached(sender, 'sender', () => sender.target !== null, `write to ${address}`);
    return link;
  }

  /** @throws MillraceError `amqp.address_missing`, `amqp.not_allowed` */
  async receiver(address: string): Promise<ReceivingLink> {
    const receiver = this.#session.open_receiver({
      source: { address, capabilities: ['queue'] },
      autoaccept: false,
      credit_window: 0,
    });
    const link = new ReceivingLink(receiver, this.#answers, this.#clock);
    await this.#attached(receiver, 'receiver', () => receiver.source !== null, `read ${address}`);
    return link;
  }

  /** @throws MillraceError `amqp.no_transactions` */
  async transactions(): Promise<Transactions> {
    const sender = this.#transactional.attachCoordinator();
    const name = 'the transaction coordinator';
    const link = new SendingLink(sender, { session: this.#transactional, answers: this.#answers, name });
    await this.#attached(sender, 'sender', () => true, 'use transactions');
    return new Transactions(this.#transactional, link);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#answers.end(new Error('the connection is closed'));
    await closeConnection(this.#connection);
  }

  #end(error: Error, ended: ((error: Error) => void) | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#answers.end(error);
    ended?.(error);
    void closeConnection(this.#connection);
  }

  /** A peer that refuses a link attaches it without a node and ends it then. @param role prefix of the events */
  async #attached(
    link: NodeJS.EventEmitter & { readonly error?: AmqpError | Error },
    role: 'sender' | 'receiver',
    hasNode: () => boolean,
    what: string,
  ): Promise<void> {
    const attached = this.#answers.expect<void>();
    let isOpen = false;
    link.once(`${role}_open`, () => {
      if (!hasNode()) return;
      isOpen = true;
      attached.resolve();
    });
    const fail = ({ [role]: ended }: EventContext): void => {
      const error = brokerError(ended?.error ?? new Error('the broker ended the link'), what);
      if (isOpen) this.#end(error, undefined);
      else attached.reject(error);
    };
    link.on(`${role}_error`, fail);
    link.on(`${role}_close`, fail);
    await attached.promise;
  }
}

/** @throws MillraceError */
export async function withBroker<T>(config: Connection, name: string, use: (broker: Broker) => Promise<T>): Promise<T> {
  const broker = await Broker.open(config, { name });
  try {
    return await use(broker);
  } finally {
    await broker.close();
  }
}
