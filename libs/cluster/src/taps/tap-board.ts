import type { TapRequest, TapSample } from '@millrace/engine';
import type { Redis } from 'ioredis';
import { tapChannel, tapsKey } from '../names.ts';
import { bounded } from '../redis/connect-redis.ts';

/** A wish that is not renewed for this long is forgotten. */
export const TAP_LEASE_MS = 5_000;
/** Viewers of one job at a time; more are not served. */
export const TAPS_MAX = 16;

/** A wish to look at rows. Whoever looks renews it every second, each time with another `beat`. */
export interface TapWish extends TapRequest {
  readonly beat: number;
}

/** Wishes to look at rows of running jobs, in Redis; samples go by a channel of each wish, and to nobody when nobody listens. */
export class TapBoard {
  readonly #redis: Redis;

  /** @param redis a connection made by `connectRedis`; the caller closes it */
  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Makes a wish or renews it. */
  async wish(jobId: string, wish: TapWish): Promise<void> {
    const key = tapsKey(jobId);
    await bounded(this.#redis.pipeline().hset(key, wish.id, JSON.stringify(wish)).pexpire(key, TAP_LEASE_MS).exec());
  }

  async withdraw(jobId: string, id: string): Promise<void> {
    await bounded(this.#redis.hdel(tapsKey(jobId), id));
  }

  /** At most `TAPS_MAX`. */
  async wishes(jobId: string): Promise<readonly TapWish[]> {
    const texts = await bounded(this.#redis.hvals(tapsKey(jobId)));
    return texts.slice(0, TAPS_MAX).map((text) => JSON.parse(text) as TapWish);
  }

  async publish(sample: TapSample): Promise<void> {
    await bounded(this.#redis.publish(tapChannel(sample.tap), JSON.stringify(sample)));
  }
}
