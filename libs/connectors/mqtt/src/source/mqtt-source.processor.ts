import type { MessageReader, MessagesRead, Refusals, Resolved } from '@millrace/connector-contract';
import {
  BATCH_ROWS_MAX,
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { isChangeBatch } from '@millrace/formats';
import { assert, MillraceError } from '@millrace/kernel';
import type { IPublishPacket } from 'mqtt-packet';
import { Session } from '../broker/session.ts';
import { type Connection, IN_FLIGHT_MAX, type SourceStage } from '../config.ts';
import { SessionLost } from '../errors.ts';
import { type Message, messageRows } from './message-rows.ts';
import { PacketIds } from './packet-ids.ts';

const ENTRY = 'packets';
/** Messages and bytes that are read ahead; what is more waits at the socket. Of messages with QoS 0 this is the only limit. */
const AHEAD_MAX = IN_FLIGHT_MAX;
const AHEAD_BYTES_MAX = 32 * 1_024 * 1_024;

interface Received extends Message {
  readonly qos: 0 | 1 | 2;
  readonly messageId: number | undefined;
}

/** Messages that are handed on together. */
interface Piece extends MessagesRead<Message> {
  readonly messages: readonly Received[];
}

interface Saved {
  /** Subscriptions of the session. */
  readonly topics: readonly string[];
  readonly ids: readonly number[];
}

type SourceOptions = Resolved<Connection, SourceStage> & { readonly refusals?: Refusals | undefined };

/** Client id of the session of a stage. */
export const clientIdOf = ({ stage, job }: Resolved<Connection, SourceStage>): string =>
  stage.clientId ?? `millrace-${job.jobId}-${job.stage}`;

/**
 * Reads a session of a broker. Nothing is acknowledged before the commit of the snapshot that holds it; what that means for a message that comes again is in
 * `PacketIds`. A broker gives a session to one connection, so a newer execution ends the older one's.
 */
export class MqttSourceProcessor implements Processor {
  readonly #options: SourceOptions;
  readonly #rows: MessageReader<Message>;
  readonly #ids = new PacketIds();
  #ahead: Received[] = [];
  #aheadBytes = 0;
  #context!: ProcessorContext;
  #session: Session | undefined;
  /** Subscriptions of the restored session. */
  #topics: readonly string[] | undefined;
  #isPaused = false;
  #piece: Piece | undefined;
  #saved: { readonly snapshotId: number; readonly value: Uint8Array } | undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#rows = messageRows(options.stage, options.job.stage, options.refusals);
  }

  init(context: ProcessorContext): void {
    assert(context.totalParallelism === 1, 'a session has one reader');
    this.#context = context;
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    const { topics, ids } = JSON.parse(new TextDecoder().decode(entry.value)) as Saved;
    this.#topics = topics;
    this.#ids.restore(ids);
  }

  async restoreFinished(): Promise<void> {
    const { config, stage } = this.#options;
    this.#session = await Session.open({
      config,
      clientId: clientIdOf(this.#options),
      sessionSeconds: stage.sessionSeconds,
      receiveMaximum: stage.inFlightMax,
      clock: this.#context.clock,
      published: (packet) => this.#take(packet),
      released: (messageId) => this.#ids.release(messageId),
      failed: (error) => this.#context.fail(error),
    });
    if (this.#topics !== undefined && !this.#session.isPresent) {
      throw new MillraceError(SessionLost, {
        message: `the broker no longer has the session ${clientIdOf(this.#options)}: messages that came since the last snapshot may be gone`,
        mend: 'It had expired (sessionSeconds), or the broker lost it (its persistence). Start the job anew; what is gone must be published again.',
      });
    }
    const unwanted = this.#topics?.filter((topic) => !stage.topics.includes(topic)) ?? [];
    if (unwanted.length > 0) await this.#session.unsubscribe(unwanted);
    await this.#session.subscribe(stage.topics, stage.qos, stage.retained);
  }

  complete(): boolean {
    while (this.#ahead.length > 0 || this.#piece !== undefined) {
      this.#piece ??= this.#pieceOf(this.#ahead.splice(0, BATCH_ROWS_MAX));
      const { batch, messages, unread } = this.#piece;
      if (batch !== undefined && !this.#context.outbox.offer(batch)) return false;
      this.#piece = undefined;
      this.#handOn(messages, unread);
      this.#context.metrics.add('rowsRead', batch?.length ?? 0);
    }
    this.#aheadBytes = 0;
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#session?.resume();
    }
    return false;
  }

  /** Messages that could not be read come back, perhaps edited. */
  process(_ordinal: number, batch: Batch): boolean {
    const { outbox, clock } = this.#context;
    assert(isChangeBatch(batch), 'a source is given nothing but what it has set aside');
    return this.#rows.handOn(batch, outbox, clock.nowMs());
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    if (this.#saved?.snapshotId !== snapshotId) {
      const saved: Saved = { topics: this.#options.stage.topics, ids: this.#ids.save(snapshotId) };
      this.#saved = { snapshotId, value: new TextEncoder().encode(JSON.stringify(saved)) };
    }
    return writer.offer({ partition: EVERY_INSTANCE, key: ENTRY, value: this.#saved.value });
  }

  snapshotCommit(snapshotId: number): void {
    const { puback, pubrec, pubcomp } = this.#ids.commit(snapshotId);
    this.#session?.acknowledge('puback', puback);
    this.#session?.acknowledge('pubrec', pubrec);
    this.#session?.acknowledge('pubcomp', pubcomp);
    this.#context.metrics.set('messagesInFlight', this.#ids.size);
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }

  #take({ topic, payload, qos, messageId, dup, properties }: IPublishPacket): void {
    if (qos === 2 && this.#ids.isKnown(messageId!, dup)) {
      this.#context.metrics.add('messagesRepeated', 1);
      return;
    }
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    this.#ahead.push({ topic, payload: bytes, qos, messageId, userProperties: properties?.userProperties });
    if (qos < this.#options.stage.qos) this.#context.metrics.add('messagesBelowQos', 1);
    this.#aheadBytes += bytes.length;
    if ((this.#ahead.length > AHEAD_MAX || this.#aheadBytes > AHEAD_BYTES_MAX) && !this.#isPaused) {
      this.#isPaused = true;
      this.#session?.pause();
    }
    // What came with it is read before: a batch of many rows costs little more than one of a single row.
    if (this.#ahead.length === 1) setImmediate(() => this.#context.wake());
  }

  #pieceOf(messages: readonly Received[]): Piece {
    return { messages, ...this.#rows.read(messages, this.#context.clock.nowMs()) };
  }

  #handOn(messages: readonly Received[], unread: Piece['unread']): void {
    const nowMs = this.#context.clock.nowMs();
    for (const message of messages) {
      const error = unread.get(message);
      // With the message: one snapshot has both.
      if (error !== undefined) this.#rows.setAside(message, error, nowMs);
      const { qos, messageId } = message;
      if (qos !== 0) this.#ids.handOn(messageId!, qos);
    }
    if (this.#context.guarantee !== 'none') return;
    // Without snapshots nothing else would ever answer; PUBREL is answered with what comes next.
    this.#ids.save(0);
    this.snapshotCommit(0);
  }
}
