import { connectRedis } from '@millrace/cluster';
import { Delivery, type Listener, type SharedPartitions } from '@millrace/connector-subscription';
import { systemClock, ulids } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import { HandlerLetters } from './handler-letters.ts';

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
    const { jobId, partitions } = attached;
    const stopReplays = this.letters.replayInto(jobId, this.of(jobId, partitions), partitions);
    try {
      await this.#delivery.attach(attached, listener, AbortSignal.any([signal, this.#closing.signal]));
    } finally {
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
