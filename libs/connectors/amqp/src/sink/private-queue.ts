import { type IdSource, MillraceError } from '@millrace/kernel';
import { Fenced, ProgressAway } from '../errors.ts';
import type { Broker } from '../server/broker.ts';
import type { Received, ReceivingLink } from '../server/receiving-link.ts';
import type { SendingLink } from '../server/sending-link.ts';
import { accepted, released } from '../server/transactional-session.ts';
import { encodeMark, markIn } from './private-messages.ts';

/** How long a message may be held by an execution that is over, before the broker has noticed. */
const AWAY_MS_MAX = 60_000;

/** A queue of a job, as one execution uses it. */
export class PrivateQueue {
  readonly name: string;
  readonly in: SendingLink;
  readonly out: ReceivingLink;
  readonly #generation: number;
  readonly #ids: IdSource;

  private constructor(name: string, ends: { in: SendingLink; out: ReceivingLink }, generation: number, ids: IdSource) {
    this.name = name;
    this.in = ends.in;
    this.out = ends.out;
    this.#generation = generation;
    this.#ids = ids;
  }

  /** @throws MillraceError `amqp.address_missing`, `amqp.not_allowed` */
  static async open(
    broker: Broker,
    name: string,
    { generation, ids }: { readonly generation: number; readonly ids: IdSource },
  ): Promise<PrivateQueue> {
    const ends = { in: await broker.sender(name, 'queue'), out: await broker.receiver(name) };
    return new PrivateQueue(name, ends, generation, ids);
  }

  async put(message: Uint8Array): Promise<void> {
    await this.in.room();
    await this.in.send(message).accepted;
  }

  /** The next message that nobody holds, without marks. @throws MillraceError `amqp.fenced` at the mark of a newer execution, and what `late` makes */
  async take(late: () => MillraceError): Promise<Received> {
    for (;;) {
      const received = await this.out.take(AWAY_MS_MAX, late);
      const mark = markIn(received);
      if (mark === undefined) return received;
      this.#checkMark(received, mark.generation);
    }
  }

  /**
   * Everything that is there and that nobody holds, in order: a mark is sent, and what comes is before it. No broker can say reliably that a queue is
   * empty: Artemis answers a drain before it has looked at all of it.
   */
  async *untilMark(): AsyncGenerator<Received> {
    const own = this.#ids.next();
    await this.put(encodeMark({ mark: own, generation: this.#generation }));
    for (;;) {
      const received = await this.out.take(AWAY_MS_MAX, () =>
        progressAway(`a message that was just sent to ${this.name}`),
      );
      const mark = markIn(received);
      if (mark === undefined) {
        yield received;
        continue;
      }
      this.#checkMark(received, mark.generation);
      if (mark.mark === own) return;
    }
  }

  /** Removes all that is there. */
  async empty(): Promise<void> {
    for await (const received of this.untilMark()) this.out.settle(received, accepted());
  }

  /** Its own and those of executions that are over are removed. */
  #checkMark(received: Received, generation: number): void {
    this.out.settle(received, generation > this.#generation ? released() : accepted());
    if (generation > this.#generation) throw fenced(generation, this.#generation);
  }
}

export const fenced = (newest: number, generation: number): MillraceError =>
  new MillraceError(Fenced, {
    message: `execution ${newest} of this job writes now, and this is ${generation}`,
    mend: 'Nothing: the newer execution goes on.',
  });

export const progressAway = (what: string): MillraceError =>
  new MillraceError(ProgressAway, {
    message: `${what} does not come: another connection holds it, or somebody removed it`,
    mend: 'The broker gives it back when that connection ends (its idle time-out). If it stays away, the queue was purged or its messages expired: start the job anew.',
  });
