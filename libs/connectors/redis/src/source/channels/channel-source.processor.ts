import type { Resolved } from '@millrace/connector-contract';
import {
  BATCH_ROWS_MAX,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotWriter,
} from '@millrace/engine';
import type { ChangeBatch } from '@millrace/formats';
import type { Redis } from 'ioredis';
import type { ConnectionOptions } from '../../config.ts';
import { serverError } from '../../errors.ts';
import { connect } from '../../server/connect.ts';
import { keysOfInstance, type SourceStage } from '../source-stage.ts';
import { TextRows } from '../text-rows.ts';

/** Characters of messages that wait for the job. What comes then is dropped: a channel waits for nobody. */
export const WAITING_CHARACTERS_MAX = 16 * 1_024 * 1_024;
/** What a message that waits costs beside its characters. */
const MESSAGE_CHARACTERS = 64;
const PATTERN = /[*?[]/;

/** Hands on messages that are published while it listens. Redis keeps none of them. */
export class ChannelSource implements Processor {
  readonly #options: Resolved<ConnectionOptions, SourceStage>;
  readonly #rows: TextRows;
  #waiting: { readonly channel: string; readonly text: string }[] = [];
  #waitingCharacters = 0;
  #piece: { readonly batch: ChangeBatch; readonly count: number } | undefined;
  #heard = 0;
  #context!: ProcessorContext;
  #redis: Redis | undefined;
  #isClosed = false;

  constructor(options: Resolved<ConnectionOptions, SourceStage>) {
    this.#options = options;
    this.#rows = new TextRows(options.stage);
  }

  async init(context: ProcessorContext): Promise<void> {
    const { config, stage } = this.#options;
    this.#context = context;
    this.#redis = await connect(config, { blocks: true });
    this.#redis.on('message', (channel: string, text: string) => this.#hear(channel, text));
    this.#redis.on('pmessage', (_: string, channel: string, text: string) => this.#hear(channel, text));
    this.#redis.once('close', () => {
      if (!this.#isClosed) context.fail(serverError(new Error('the connection broke'), 'listen to channels'));
    });
    const keys = keysOfInstance(stage, context);
    try {
      for (const key of keys) await (PATTERN.test(key) ? this.#redis.psubscribe(key) : this.#redis.subscribe(key));
    } catch (error) {
      throw serverError(error, 'listen to channels');
    }
  }

  complete(): boolean {
    for (;;) {
      this.#piece ??= this.#nextPiece();
      if (this.#piece === undefined) return false;
      const { batch, count } = this.#piece;
      if (!this.#context.outbox.offer(batch)) return false;
      this.#piece = undefined;
      for (const { text } of this.#waiting.slice(0, count)) this.#waitingCharacters -= text.length + MESSAGE_CHARACTERS;
      this.#waiting = this.#waiting.slice(count);
      this.#heard += count;
      this.#context.metrics.add('rowsRead', count);
    }
  }

  /** Nothing can be read again; the number only tells how many there were. */
  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const value = new TextEncoder().encode(String(this.#heard));
    return writer.offer({ partition: EVERY_INSTANCE, key: `heard-${this.#context.globalIndex}`, value });
  }

  close(): void {
    this.#isClosed = true;
    this.#redis?.disconnect();
  }

  #hear(channel: string, text: string): void {
    if (this.#waitingCharacters >= WAITING_CHARACTERS_MAX) {
      this.#context.metrics.add('messagesDropped', 1);
      return;
    }
    this.#waiting.push({ channel, text });
    this.#waitingCharacters += text.length + MESSAGE_CHARACTERS;
    this.#context.wake();
  }

  #nextPiece(): { readonly batch: ChangeBatch; readonly count: number } | undefined {
    const messages = this.#waiting.slice(0, BATCH_ROWS_MAX);
    if (messages.length === 0) return undefined;
    const texts = messages.map(({ text }) => text);
    const nowMs = this.#context.clock.nowMs();
    const batch = this.#rows.batch(texts, nowMs, (index) => `a message of channel ${messages[index]!.channel}`);
    return { batch, count: messages.length };
  }
}
