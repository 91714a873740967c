import type { Socket } from 'node:net';
import { type Clock, MillraceError } from '@millrace/kernel';
import { generate, type IPublishPacket, type Packet, parser } from 'mqtt-packet';
import type { Connection } from '../config.ts';
import { brokerError, reasonError } from '../errors.ts';
import { connectSocket } from './connect-socket.ts';

const PROTOCOL = { protocolVersion: 5 } as const;
const KEEPALIVE_S = 30;
const PING_MS = 10_000;
/** With nothing from the broker for so long, not even an answer to a ping, the connection counts as broken. */
const SILENCE_MS_MAX = 30_000;
const ANSWER_MS_MAX = 10_000;
const CLOSE_MS_MAX = 1_000;
const ERRORS_FROM = 128;
const PROTOCOL_UNKNOWN = 132;

interface SessionOptions {
  readonly config: Connection;
  readonly clientId: string;
  readonly sessionSeconds: number;
  readonly receiveMaximum: number;
  readonly clock: Clock;
  readonly published: (packet: IPublishPacket) => void;
  readonly released: (messageId: number) => void;
  readonly failed: (error: MillraceError) => void;
}

type Acknowledgement = 'puback' | 'pubrec' | 'pubcomp';

/**
 * The receiving half of MQTT 5, on a session that outlives the connection. Unlike with the usual clients nothing is acknowledged by itself: each of the
 * answers that an exactly-once exchange takes is the caller's to send, when a snapshot allows it.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #socket: Socket;
  readonly #answers = new Map<string, (packet: Packet) => void>();
  #isPresent = false;
  #heardMs: number;
  #isClosed = false;
  #stopPing = (): void => {};
  #packetId = 0;

  private constructor(options: SessionOptions, socket: Socket) {
    this.#options = options;
    this.#socket = socket;
    this.#heardMs = options.clock.monotonicMs();
    const packets = parser(PROTOCOL);
    packets.on('packet', (packet) => this.#received(packet));
    packets.on('error', (error) => this.#fail(error));
    socket.on('data', (data) => {
      this.#heardMs = options.clock.monotonicMs();
      packets.parse(data);
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the broker ended the connection')));
  }

  /** @throws MillraceError `mqtt.unreachable`, `mqtt.login_refused`, `mqtt.not_allowed` */
  static async open(options: SessionOptions): Promise<Session> {
    const session = new Session(options, await connectSocket(options.config));
    try {
      await session.#connect();
      return session;
    } catch (error) {
      session.destroy();
      throw error;
    }
  }

  /** The broker had it already, with what it holds. */
  get isPresent(): boolean {
    return this.#isPresent;
  }

  /** @throws MillraceError with what the broker refuses */
  async subscribe(topics: readonly string[], qos: 1 | 2, retained: 'first' | 'never'): Promise<void> {
    const what = `subscribe to ${topics.join(', ')}`;
    const answer = await this.#ask('suback', what, {
      cmd: 'subscribe',
      messageId: this.#nextId(),
      subscriptions: topics.map((topic) => ({ topic, qos, nl: false, rap: true, rh: retained === 'first' ? 1 : 2 })),
    });
    const refused = answer.cmd === 'suback' ? answer.granted.find((code) => Number(code) >= ERRORS_FROM) : undefined;
    if (refused !== undefined) throw reasonError(Number(refused), what);
  }

  /** A filter that was not subscribed to does no harm. */
  async unsubscribe(topics: readonly string[]): Promise<void> {
    const messageId = this.#nextId();
    await this.#ask('unsuback', `unsubscribe from ${topics.join(', ')}`, {
      cmd: 'unsubscribe',
      messageId,
      unsubscriptions: [...topics],
    });
  }

  acknowledge(cmd: Acknowledgement, messageIds: readonly number[]): void {
    if (this.#isClosed || messageIds.length === 0) return;
    this.#socket.cork();
    for (const messageId of messageIds) this.#send({ cmd, messageId, reasonCode: 0 } as Packet);
    this.#socket.uncork();
  }

  /** Takes no more from the broker until `resume`: for messages that no receive maximum limits. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** In good order; the broker keeps the session, and gets what was acknowledged before. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopPing();
    const gone = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.resume();
    this.#socket.end(generate({ cmd: 'disconnect', reasonCode: 0 }, PROTOCOL));
    const over = new AbortController();
    const late = this.#options.clock.sleep(CLOSE_MS_MAX, over.signal).catch(() => {});
    await Promise.race([gone, late]);
    over.abort();
    this.#socket.destroy();
  }

  destroy(): void {
    this.#isClosed = true;
    this.#stopPing();
    this.#socket.destroy();
  }

  async #connect(): Promise<void> {
    const { config, clientId, sessionSeconds, receiveMaximum } = this.#options;
    const { user, password, host, port } = config;
    const what = `connect to ${host}:${port}`;
    const answer = await this.#ask('connack', what, {
      cmd: 'connect',
      protocolId: 'MQTT',
      ...PROTOCOL,
      clean: false,
      clientId,
      keepalive: KEEPALIVE_S,
      // A password needs a user before it.
      ...(user === undefined && password === undefined ? {} : { username: user ?? '' }),
      ...(password === undefined ? {} : { password: Buffer.from(password) }),
      properties: { sessionExpiryInterval: sessionSeconds, receiveMaximum },
    });
    if (answer.cmd !== 'connack') return;
    const { reasonCode = 0, returnCode = 0, sessionPresent } = answer;
    if (reasonCode >= ERRORS_FROM) throw reasonError(reasonCode, what);
    // What brokers of before MQTT 5 answer.
    if (reasonCode + returnCode !== 0) throw reasonError(PROTOCOL_UNKNOWN, what);
    this.#isPresent = sessionPresent;
    this.#keepAlive();
  }

  #keepAlive(): void {
    const { clock } = this.#options;
    this.#stopPing = clock.timer(PING_MS, () => {
      // While it is paused nothing is heard, and that is our doing.
      if (clock.monotonicMs() - this.#heardMs > SILENCE_MS_MAX && !this.#socket.isPaused()) {
        this.#fail(new Error('the broker is silent'));
        return;
      }
      this.#send({ cmd: 'pingreq' });
      this.#keepAlive();
    });
  }

  #received(packet: Packet): void {
    if (packet.cmd === 'publish') this.#options.published(packet);
    else if (packet.cmd === 'pubrel') this.#options.released(packet.messageId!);
    else if (packet.cmd === 'disconnect') this.#fail(reasonError(packet.reasonCode ?? 0, 'go on'));
    else this.#answers.get(packet.cmd)?.(packet);
  }

  async #ask(answer: Packet['cmd'], what: string, question: Packet): Promise<Packet> {
    const { promise, resolve, reject } = Promise.withResolvers<Packet>();
    const cancel = this.#options.clock.timer(ANSWER_MS_MAX, () =>
      reject(brokerError(new Error('the broker does not answer'), what)),
    );
    const broken = (): void => reject(brokerError(new Error('the broker ended the connection'), what));
    this.#answers.set(answer, resolve);
    this.#socket.once('close', broken);
    try {
      this.#send(question);
      return await promise;
    } finally {
      cancel();
      this.#socket.off('close', broken);
      this.#answers.delete(answer);
    }
  }

  #nextId(): number {
    this.#packetId += 1;
    return this.#packetId;
  }

  #send(packet: Packet): void {
    this.#socket.write(generate(packet, PROTOCOL));
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    this.destroy();
    this.#options.failed(error instanceof MillraceError ? error : brokerError(error, 'read from the broker'));
  }
}
