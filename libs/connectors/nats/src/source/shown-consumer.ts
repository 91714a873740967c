import type { Clock } from '@millrace/kernel';
import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { isMissing } from '../errors.ts';

/** Least time between two changes: each takes the servers two steps. */
const CHANGE_MS_MIN = 2_000;

interface Shown {
  readonly stream: string;
  readonly name: string;
  readonly subjects: readonly string[];
}

/**
 * A durable consumer that shows tools how far the job is: its ack floor is the committed position, and what is pending there is the lag. Nothing is read
 * through it. What goes wrong is counted and never fails the job.
 */
export class ShownConsumer {
  readonly #manager: JetStreamManager;
  readonly #shown: Shown;
  readonly #clock: Clock;
  readonly #failed: () => void;
  #changedMs: number | undefined;
  #running: Promise<void> | undefined;

  constructor(manager: JetStreamManager, shown: Shown, { clock, failed }: { clock: Clock; failed: () => void }) {
    this.#manager = manager;
    this.#shown = shown;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** @param sequence of the last message that a committed snapshot covers */
  show(sequence: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#running !== undefined || (this.#changedMs !== undefined && nowMs - this.#changedMs < CHANGE_MS_MIN))
      return;
    this.#changedMs = nowMs;
    this.#running = this.#set(sequence)
      .catch(() => this.#failed())
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** The first sequence of a consumer can't be changed. */
  async #set(sequence: number): Promise<void> {
    const { stream, name, subjects } = this.#shown;
    await removeConsumer(this.#manager, stream, name);
    await this.#manager.consumers.add(stream, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: sequence + 1,
      ...(subjects.length === 0 ? {} : { filter_subjects: [...subjects] }),
      description: 'Shows how far a job of Millrace is',
    });
  }
}

export async function removeConsumer(manager: JetStreamManager, stream: string, name: string): Promise<void> {
  await manager.consumers.delete(stream, name).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}
