import type { Resolved } from '@millrace/connector-contract';
import { type Batch, type Processor, type ProcessorContext, SHOWN_AFTER } from '@millrace/engine';
import { isChangeBatch } from '@millrace/formats';
import { assert, parseDurationMs } from '@millrace/kernel';
import { type Connection, placeName } from '../config.ts';
import { type Link, linkOf } from '../link/link.ts';
import { AllConsumers } from './all-consumers.ts';
import { EventMessages, type Message } from './event-messages.ts';
import { OnePeer } from './one-peer.ts';
import type { Outlet } from './outlet.ts';
import type { SinkStage } from './sink-stage.ts';

/** What waits for the other end at most; then nothing more is taken. */
export const WAITING_BYTES_MAX = 4 * 1_024 * 1_024;

/**
 * Sends events over TCP. A barrier waits until everything before it is acknowledged, or where nothing is, written: so a snapshot needs no state, and what was sent after the last one
 * is sent again after a crash.
 */
export class SocketsSink implements Processor {
  readonly #options: Resolved<Connection, SinkStage>;
  readonly #messages: EventMessages;
  #context!: ProcessorContext;
  #outlet!: Outlet;
  #link: Link | undefined;
  /** First event of the current batch that is not taken. */
  #next = 0;
  #waitingCount = 0;
  #waitingBytes = 0;
  #isHeld = false;

  constructor(options: Resolved<Connection, SinkStage>) {
    this.#options = options;
    this.#messages = new EventMessages(options.stage, options.job.jobName);
  }

  async init(context: ProcessorContext): Promise<void> {
    assert(context.totalParallelism === 1, 'an end of connections has one writer');
    this.#context = context;
    const { config, stage, job } = this.#options;
    const isDialled = config.listen === undefined;
    const failed = (error: unknown): void => context.fail(error);
    const Kind = isDialled || stage.acknowledge ? OnePeer : AllConsumers;
    const outlet = new Kind({
      stage,
      idleMs: parseDurationMs(stage.idle)!,
      place: placeName(config),
      isDialled,
      metrics: context.metrics,
      done: (messages) => this.#done(messages),
      failed,
    });
    this.#outlet = outlet;
    const connected = outlet.attach.bind(outlet);
    this.#link = linkOf({ config, job, context, framing: stage.framing, allowHalfOpen: false, connected, failed });
    await this.#link.open();
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch), 'a sink takes change batches');
    while (this.#next < batch.length) {
      if (this.#waitingBytes >= WAITING_BYTES_MAX) return this.#hold();
      const message = this.#messages.message(batch, this.#next);
      this.#next += 1;
      this.#waitingCount += 1;
      this.#waitingBytes += message.bytes.length;
      this.#outlet.add(message);
    }
    this.#next = 0;
    return true;
  }

  snapshotPrepare(): boolean {
    return this.#waitingCount === 0 || this.#hold();
  }

  complete(): boolean {
    return this.#waitingCount === 0 || this.#hold();
  }

  async close(): Promise<void> {
    await this.#link?.close();
  }

  #hold(): false {
    this.#isHeld = true;
    return false;
  }

  #done(messages: readonly Message[]): void {
    const { metrics, clock } = this.#context;
    const bytes = messages.reduce((sum, message) => sum + message.bytes.length, 0);
    metrics.add('rowsWritten', messages.length);
    metrics.add('bytesWritten', bytes);
    const { commitTimeMs } = messages.at(-1)!;
    if (commitTimeMs !== undefined) metrics.observe(SHOWN_AFTER, Math.max(0, clock.nowMs() - commitTimeMs));
    this.#waitingCount -= messages.length;
    this.#waitingBytes -= bytes;
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#context.wake();
  }
}
