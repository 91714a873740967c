import { type Clock, MillraceError, type Random } from '@millrace/kernel';
import {
  type Connection,
  type ConnectionOptions,
  ConnectionPool,
  findCoordinatorV6,
  metadataV12,
} from '@platformatic/kafka';
import { NotAllowed, NotAvailable, TopicMissing, Unreachable } from '../errors.ts';
import { Code, codeName, isTransient } from '../protocol/codes.ts';
import type { ProduceAnswer, ProduceRequest } from '../protocol/produce.ts';
import { clientError, protocolCode } from './client-error.ts';
import { ProduceChannel } from './produce-channel.ts';
import { persist, Transient } from './retry.ts';

const CONNECT_MS_MAX = 5_000;
/** A broker that is silent this long counts as gone; the request is made again. */
const REQUEST_MS_MAX = 10_000;
const REQUESTS_IN_FLIGHT_MAX = 64;
/** Kinds of coordinators. https://kafka.apache.org/protocol#The_Messages_FindCoordinator */
const GROUP_COORDINATOR = 0;
const TRANSACTION_COORDINATOR = 1;

export interface Broker {
  readonly host: string;
  readonly port: number;
}

interface Node extends Broker {
  readonly nodeId: number;
}

/** A topic as the brokers describe it. */
export interface Topic {
  readonly name: string;
  readonly topicId: string;
  /** Node id of the leader, by partition; -1 while there is none. */
  readonly leaders: readonly number[];
}

export interface ClusterOptions {
  readonly brokers: readonly Broker[];
  readonly clientId: string;
  readonly security: Pick<ConnectionOptions, 'tls' | 'sasl'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** How long the cluster may be away before what needs it fails. */
  readonly patienceMs: number;
}

/** The brokers of one cluster: who leads which partition, who coordinates which transaction, and a connection to each. */
export class Cluster {
  readonly options: ClusterOptions;
  readonly #pool: ConnectionPool;
  readonly #nodes = new Map<number, Broker>();
  readonly #topics = new Map<string, Topic>();
  /** What broke connections that had been made; their requests hear only that it is closed. */
  readonly #broken = new WeakMap<Connection, unknown>();
  readonly #coordinators = new Map<string, Broker>();

  constructor(options: ClusterOptions) {
    this.options = options;
    this.#pool = new ConnectionPool(options.clientId, {
      connectTimeout: CONNECT_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      maxInflights: REQUESTS_IN_FLIGHT_MAX,
      ...(options.security.tls === undefined ? {} : { tls: options.security.tls }),
      ...(options.security.sasl === undefined ? {} : { sasl: options.security.sasl }),
    });
    this.#pool.on('connect', ({ connection }: { readonly connection: Connection }) =>
      connection.on('error', (error: unknown) => this.#broken.set(connection, error)),
    );
  }

  /** Makes attempts at `what` until one succeeds or the cluster's patience ends. @throws MillraceError `kafka.not_available` */
  persist<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    const { clock, random, signal, patienceMs } = this.options;
    const giveUp = (reason: string): MillraceError =>
      new MillraceError(NotAvailable, {
        message: `${what}: ${reason}, for ${Math.round(patienceMs / 1_000)} s`,
        mend: 'Look after the brokers (leaders, replicas in sync, the log of the broker); the job goes on from its last snapshot.',
      });
    return persist(attempt, { clock, random, signal, withinMs: patienceMs, giveUp });
  }

  /** One request. @throws Transient when the connection breaks or is silent */
  async request<T>(broker: Broker, send: (connection: Connection) => Promise<T>): Promise<T> {
    let connection: Connection | undefined;
    try {
      connection = await this.#pool.get(broker);
      return await send(connection);
    } catch (error) {
      throw clientError(error, connection && this.#broken.get(connection));
    }
  }

  /** @throws Transient when the connection breaks or is silent */
  produce(broker: Broker, request: ProduceRequest): Promise<ProduceAnswer> {
    const { clientId, clock } = this.options;
    return this.request(broker, (connection) =>
      ProduceChannel.of(connection, { clientId, clock, answerMsMax: REQUEST_MS_MAX }).produce(request),
    );
  }

  /** Any broker that can be reached. @throws MillraceError `kafka.unreachable`, `kafka.login_refused` */
  async anyBroker(): Promise<Broker> {
    const reasons: string[] = [];
    for (const broker of [...this.options.brokers, ...this.#nodes.values()]) {
      try {
        await this.request(broker, async () => {});
        return broker;
      } catch (error) {
        if (!(error instanceof Transient)) throw error;
        reasons.push(`${broker.host}:${broker.port}: ${error.message}`);
      }
    }
    throw new MillraceError(Unreachable, {
      message: `no broker answers (${reasons.join('; ')})`,
      mend: 'Check the addresses and ports, that the brokers run, that their advertised.listeners can be reached from here, and that this listener speaks TLS if tls is set.',
      pointer: '/brokers',
    });
  }

  /** @throws MillraceError `kafka.topic_missing`, `kafka.not_allowed`; Transient */
  async topic(name: string): Promise<Topic> {
    return this.#topics.get(name) ?? (await this.#describe(name));
  }

  /** The broker that leads a partition. @throws as `topic` */
  async leaderOf(topicName: string, partition: number): Promise<Broker> {
    const topic = await this.topic(topicName);
    const broker = this.#nodes.get(topic.leaders[partition] ?? -1);
    if (broker !== undefined) return broker;
    this.forgetTopic(topicName);
    throw new Transient(`partition ${partition} of ${topicName} has no leader`);
  }

  /** All brokers of the cluster, at the addresses they advertise. */
  async brokers(): Promise<readonly Node[]> {
    const any = await this.reachable();
    const answer = await this.request(any, (connection) => metadataV12.api.async(connection, [], false));
    return answer.brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port }));
  }

  /** What is known of the topic turned out to be old. */
  forgetTopic(name: string): void {
    this.#topics.delete(name);
  }

  /** The broker that coordinates the transactions of an id. */
  coordinatorOf(transactionalId: string): Promise<Broker> {
    return this.#coordinator(TRANSACTION_COORDINATOR, transactionalId);
  }

  forgetCoordinator(transactionalId: string): void {
    this.#coordinators.delete(`${TRANSACTION_COORDINATOR} ${transactionalId}`);
  }

  /** The broker that keeps the offsets of a consumer group. */
  groupCoordinatorOf(group: string): Promise<Broker> {
    return this.#coordinator(GROUP_COORDINATOR, group);
  }

  forgetGroupCoordinator(group: string): void {
    this.#coordinators.delete(`${GROUP_COORDINATOR} ${group}`);
  }

  async #coordinator(kind: number, id: string): Promise<Broker> {
    const known = this.#coordinators.get(`${kind} ${id}`);
    if (known !== undefined) return known;
    try {
      const answer = await this.request(await this.reachable(), (connection) =>
        findCoordinatorV6.api.async(connection, kind, [id]),
      );
      const { host, port } = answer.coordinators[0]!;
      this.#coordinators.set(`${kind} ${id}`, { host, port });
      return { host, port };
    } catch (error) {
      throw refusal(error, `find the coordinator of ${id}`);
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** As `anyBroker`, but one more try may find them. @throws Transient */
  async reachable(): Promise<Broker> {
    try {
      return await this.anyBroker();
    } catch (error) {
      if (error instanceof MillraceError && error.code === Unreachable) throw new Transient(error.message);
      throw error;
    }
  }

  async #describe(name: string): Promise<Topic> {
    let answer: metadataV12.MetadataResponse;
    try {
      answer = await this.request(await this.reachable(), (connection) =>
        metadataV12.api.async(connection, [name], false),
      );
    } catch (error) {
      if (protocolCode(error) === Code.UnknownTopic) throw missing(name);
      throw refusal(error, `describe topic ${name}`);
    }
    for (const { nodeId, host, port } of answer.brokers) this.#nodes.set(nodeId, { host, port });
    const found = answer.topics[0]!;
    const leaders: number[] = [];
    for (const { partitionIndex, leaderId } of found.partitions) leaders[partitionIndex] = leaderId;
    const topic: Topic = { name, topicId: found.topicId, leaders };
    this.#topics.set(name, topic);
    return topic;
  }
}

const missing = (name: string): MillraceError =>
  new MillraceError(TopicMissing, {
    message: `topic ${name} does not exist`,
    mend: `Create it (kafka-topics.sh --create --topic ${name} --partitions N), or let the sink do it: createTopics: { partitions: N } on its stage.`,
    details: { topic: name },
  });

/** An error that a broker answered: `Transient`, or that we may not, or as it is. */
export function refusal(error: unknown, what: string): unknown {
  const code = protocolCode(error);
  if (code === undefined) return error;
  if (isTransient(code)) return new Transient(code);
  if (
    code === Code.TopicAuthorizationFailed ||
    code === Code.TransactionalIdAuthorizationFailed ||
    code === Code.ClusterAuthorizationFailed
  ) {
    return new MillraceError(NotAllowed, {
      message: `can't ${what}: ${codeName(code)}`,
      mend: 'Give the user the ACLs: Write, Describe and Create on the topics, Write and Describe on the transactional ids that begin with "millrace.".',
    });
  }
  return new MillraceError(NotAvailable, {
    message: `can't ${what}: ${codeName(code)}`,
    mend: 'Look at the log of the broker.',
  });
}
