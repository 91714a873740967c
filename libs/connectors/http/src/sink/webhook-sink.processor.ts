import type { Refusals, Resolved } from '@millrace/connector-contract';
import { type Batch, type Processor, type ProcessorContext, SHOWN_AFTER } from '@millrace/engine';
import { type ChangeBatch, isChangeBatch, KeyPartitioner, Op } from '@millrace/formats';
import { assert, parseDurationMs, systemRandom } from '@millrace/kernel';
import { Circuit } from './circuit.ts';
import type { ReceiverConfig, SendingStage } from './config.ts';
import { Delivery } from './delivery.ts';
import { EventBodies } from './event-body.ts';
import { Lane, type WaitingEvent } from './lane.ts';
import { Receiver } from './receiver.ts';

/** What waits for the receiver at most; then nothing more is taken. */
export const WAITING_BYTES_MAX = 4 * 1_024 * 1_024;
/** Requests that each lane has ahead of it. */
const AHEAD_MAX = 4;

export type WebhookOptions = Resolved<ReceiverConfig, SendingStage> & { readonly refusals?: Refusals | undefined };

/**
 * Sends events to a receiver, at least once, those of a key in order. A barrier waits until everything before it is delivered, so a snapshot needs no state; what was sent after
 * the last one is sent again after a crash, under the same ids.
 */
export class WebhookSink implements Processor {
  readonly #options: WebhookOptions;
  readonly #partitioner = new KeyPartitioner();
  readonly #lanes: Lane[] = [];
  #context!: ProcessorContext;
  #bodies!: EventBodies;
  #receiver: Receiver | undefined;
  /** First event of the current batch that is not taken. */
  #next = 0;
  #waitingCount = 0;
  #waitingBytes = 0;
  /** A truncate is under way: it has no key, and is behind everything before it and ahead of everything after it. */
  #isAlone = false;
  #hasFailed = false;
  #isHeld = false;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  init(context: ProcessorContext): void {
    const { config, stage, job, refusals } = this.#options;
    const { clock, signal, metrics } = context;
    this.#context = context;
    this.#bodies = new EventBodies(job, context);
    this.#receiver = new Receiver(config, clock, stage.concurrency);
    metrics.set('circuitOpen', 0);
    const random = systemRandom;
    const changed = (isOpen: boolean): void => {
      metrics.set('circuitOpen', isOpen ? 1 : 0);
      if (isOpen) metrics.add('circuitOpened', 1);
    };
    const delivery = new Delivery({
      receiver: this.#receiver,
      circuit: new Circuit({ clock, random, changed }),
      clock,
      random,
      signal,
      patienceMs: parseDurationMs(stage.patience)!,
      attemptsMax: refusals && refusals.retries + 1,
      retried: () => metrics.add('requestsRetried', 1),
    });
    const done = (events: readonly WaitingEvent[], delivered: number): void => this.#done(events, delivered);
    const failed = (error: unknown): void => this.#failed(error);
    for (let lane = 0; lane < stage.concurrency; lane++)
      this.#lanes.push(new Lane({ delivery, stage, refusals, done, failed }));
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch), 'a webhook sink takes change batches');
    while (this.#next < batch.length) {
      const isTruncate = batch.op[this.#next] === Op.Truncate;
      if (this.#isFull() || ((isTruncate || this.#isAlone) && this.#waitingCount > 0)) return this.#hold();
      this.#isAlone = isTruncate;
      this.#take(batch, this.#next);
      this.#next += 1;
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
    this.#hasFailed = true;
    await this.#receiver?.close();
    await Promise.all(this.#lanes.map((lane) => lane.idle()));
  }

  #isFull(): boolean {
    const { concurrency, records } = this.#options.stage;
    return (
      this.#hasFailed ||
      this.#waitingBytes >= WAITING_BYTES_MAX ||
      this.#waitingCount >= concurrency * records * AHEAD_MAX
    );
  }

  #hold(): false {
    this.#isHeld = true;
    return false;
  }

  #take(batch: ChangeBatch, index: number): void {
    const body = this.#bodies.body(batch, index);
    this.#waitingCount += 1;
    this.#waitingBytes += body.bytes.length;
    const at = this.#options.refusals === undefined ? undefined : { batch, index };
    const lane = this.#partitioner.partitionOf(batch, index) % this.#lanes.length;
    this.#lanes[lane]!.add({ body, at });
  }

  #done(events: readonly WaitingEvent[], delivered: number): void {
    const { metrics, clock } = this.#context;
    metrics.add('requestsSent', 1);
    metrics.add('rowsWritten', delivered);
    const nowMs = clock.nowMs();
    const { commitTimeMs } = events.at(-1)!.body;
    if (commitTimeMs !== undefined) metrics.observe(SHOWN_AFTER, Math.max(0, nowMs - commitTimeMs));
    this.#waitingCount -= events.length;
    for (const { body } of events) this.#waitingBytes -= body.bytes.length;
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#context.wake();
  }

  #failed(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#context.fail(error);
  }
}
