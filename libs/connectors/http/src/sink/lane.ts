import { type Refusals, requestId } from '@millrace/connector-contract';
import type { ChangeBatch } from '@millrace/formats';
import { isRecordError, type MillraceError } from '@millrace/kernel';
import type { SendingStage } from './config.ts';
import type { Delivery } from './delivery.ts';
import { arrayOf, type EventBody } from './event-body.ts';

/** Bytes of a request with several events. */
const REQUEST_BYTES_MAX = 1_048_576;

/** An event that waits to be delivered. */
export interface WaitingEvent {
  readonly body: EventBody;
  /** Where it is, for a policy that sets it aside. */
  readonly at: { readonly batch: ChangeBatch; readonly index: number } | undefined;
}

export interface LaneOptions {
  readonly delivery: Delivery;
  readonly stage: SendingStage;
  readonly refusals: Refusals | undefined;
  /** These are delivered (or set aside): told of each once. */
  readonly done: (events: readonly WaitingEvent[], delivered: number) => void;
  readonly failed: (error: unknown) => void;
}

/** Events of some keys, one request after the other. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #waiting: WaitingEvent[] = [];
  #sending: Promise<void> | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  add(event: WaitingEvent): void {
    this.#waiting.push(event);
    this.#sending ??= this.#send();
  }

  async idle(): Promise<void> {
    await this.#sending;
  }

  async #send(): Promise<void> {
    try {
      // What the same batch has for this lane goes along.
      await Promise.resolve();
      while (this.#waiting.length > 0) {
        const taken = this.#take();
        const kept = taken.filter((event) => !this.#isParked(event));
        const delivered = kept.length === 0 ? 0 : await this.#deliver(kept);
        this.#options.done(taken, delivered);
      }
      this.#sending = undefined;
    } catch (error) {
      this.#options.failed(error);
    }
  }

  #take(): readonly WaitingEvent[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < this.#options.stage.records) {
      bytes += this.#waiting[count]!.body.bytes.length;
      if (count > 0 && bytes > REQUEST_BYTES_MAX) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  /** An earlier event of its key was set aside, perhaps while this one waited. */
  #isParked({ at }: WaitingEvent): boolean {
    const { refusals } = this.#options;
    if (at === undefined || refusals?.holdsAny !== true || !refusals.holds(at.batch, at.index)) return false;
    refusals.park(at.batch, at.index);
    return true;
  }

  /** Resolves with how many were delivered; the others are set aside. */
  async #deliver(events: readonly WaitingEvent[]): Promise<number> {
    const { delivery, stage, refusals } = this.#options;
    const bodies = events.map(({ body }) => body);
    const { method, path, records } = stage;
    const body = records === 1 ? bodies[0]!.bytes : arrayOf(bodies);
    try {
      await delivery.deliver({ id: requestId(bodies.map(({ id }) => id)), method, path, body });
      return events.length;
    } catch (error) {
      if (refusals === undefined || !isRecordError(error)) throw error;
      if (events.length === 1) return this.#refuse(events[0]!, error);
    }
    // Which of them it is, the receiver says of each alone.
    let delivered = 0;
    for (const event of events) if (!this.#isParked(event)) delivered += await this.#deliver([event]);
    return delivered;
  }

  #refuse({ at }: WaitingEvent, reason: MillraceError): 0 {
    this.#options.refusals!.refuse(at!.batch, at!.index, reason);
    return 0;
  }
}
