import type { Clock, IdSource } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import { redisError } from '../errors.ts';
import { subscriptionKeys } from '../keys.ts';
import { Attachment, type Listener } from './attachment.ts';
import { SharedPartitions } from './shared-partitions.ts';

export interface DeliveryOptions {
  readonly redis: Redis;
  /** A connection that does nothing else. */
  readonly subscriber: Redis;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** What this process hands on to instances of services. */
export class Delivery {
  readonly #options: DeliveryOptions;
  /** By channel. */
  readonly #attached = new Map<string, Set<Attachment>>();

  constructor(options: DeliveryOptions) {
    this.#options = options;
    options.subscriber.on('message', (channel: string, message: string) => {
      for (const attachment of this.#attached.get(channel) ?? []) attachment.wake(message === 'members');
    });
    // What was said while the connection was away is not heard; the subscription itself comes back with it.
    options.subscriber.on('ready', () => {
      for (const attachments of this.#attached.values()) for (const each of attachments) each.wake(true);
    });
  }

  of(jobId: string, partitions: number): SharedPartitions {
    return new SharedPartitions(this.#options.redis, jobId, partitions);
  }

  /** Hands on until `signal` is aborted or the instance is known no more. @throws MillraceError when Redis does not answer */
  async attach(
    { jobId, partitions, instance }: { readonly jobId: string; readonly partitions: number; readonly instance: string },
    listener: Listener,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, ids, subscriber } = this.#options;
    const channel = subscriptionKeys(jobId).wake;
    const shared = this.of(jobId, partitions);
    const attachment = new Attachment({ instance, session: ids.next(), shared, listener, clock });
    const close = (): void => attachment.close();
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) return;
    const attached = this.#attached.get(channel) ?? new Set();
    this.#attached.set(channel, attached);
    attached.add(attachment);
    try {
      if (attached.size === 1) await subscriber.subscribe(channel);
      await attachment.run();
    } catch (error) {
      throw redisError(error, 'hand changes on');
    } finally {
      signal.removeEventListener('abort', close);
      attached.delete(attachment);
      if (attached.size === 0) {
        this.#attached.delete(channel);
        await subscriber.unsubscribe(channel).catch(() => {});
      }
    }
  }
}
