import { connectRedis } from '@millrace/cluster';
import { Delivery, type Listener, type SharedPartitions } from '@millrace/connector-subscription';
import { errorCode, MillraceError, systemClock, ulids } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import { HandlerLetters } from './handler-letters.ts';

/** Instances of services that one process of the api serves. */
const ATTACHED_MAX = 1_000;

export const TooManyInstances = errorCode('subscription.too_many_instances', {
  domain: 'user',
  retry: 'later',
  title: 'This process of the api serves as many instances as it can',
});

interface Attached {
  readonly jobId: string;
  readonly partitions: number;
  readonly instance: string;
}

/** What this process hands on, and the dead letters of handlers. */
export class SubscriptionDelivery implements AsyncDisposable {
  readonly letters: HandlerLetters;
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #delivery: Delivery;
  readonly #closing = new AbortController();
  #attached = 0;

  constructor(redisUrl: string, databaseUrl: string) {
    this.#redis = connectRedis(redisUrl);
    this.#subscriber = connectRedis(redisUrl);
    const connections = { redis: this.#redis, subscriber: this.#subscriber };
    this.#delivery = new Delivery({ ...connections, clock: systemClock, ids: ulids });
    this.letters = new HandlerLetters(databaseUrl, systemClock);
  }

  of(jobId: string, partitions: number): SharedPartitions {
    return this.#delivery.of(jobId, partitions);
  }

  /** Hands on until `signal` is aborted or others have the instance's place. @throws MillraceError */
  async attach(attached: Attached, listener: Listener, signal: AbortSignal): Promise<void> {
    if (this.#attached >= ATTACHED_MAX) {
      throw new MillraceError(TooManyInstances, {
        message: `${ATTACHED_MAX} instances are attached to this process`,
        mend: 'Start another process of the api beside it.',
      });
    }
    this.#attached += 1;
    const { jobId, partitions } = attached;
    const stopReplays = this.letters.replayInto(jobId, this.of(jobId, partitions), partitions);
    try {
      await this.#delivery.attach(attached, listener, AbortSignal.any([signal, this.#closing.signal]));
    } finally {
      this.#attached -= 1;
      await stopReplays();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the api ends'));
    await this.letters[Symbol.asyncDispose]();
    this.#redis.disconnect();
    this.#subscriber.disconnect();
  }
}
