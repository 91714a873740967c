import { type TapBoard, tapChannel } from '@millrace/cluster';
import type { TapSample } from '@millrace/engine';
import { Redis } from 'ioredis';

/**
 * Samples that workers publish, to those who wait for them. One more connection to Redis, opened with the first viewer and closed with the last:
 * one that subscribes cannot do anything else.
 */
export class Samples {
  readonly board: TapBoard;
  readonly #url: string;
  readonly #listeners = new Map<string, (sample: TapSample) => void>();
  #redis: Redis | undefined;

  constructor(url: string, board: TapBoard) {
    this.#url = url;
    this.board = board;
  }

  /** Viewers that wait. */
  get count(): number {
    return this.#listeners.size;
  }

  /** Calls back with each sample of a tap; the returned function ends it. */
  async listen(tap: string, onSample: (sample: TapSample) => void): Promise<() => void> {
    const channel = tapChannel(tap);
    this.#listeners.set(channel, onSample);
    const redis = this.#connection();
    const leave = (): void => {
      this.#listeners.delete(channel);
      if (this.#listeners.size > 0) redis.unsubscribe(channel).catch(() => undefined);
      else this.close();
    };
    try {
      await redis.subscribe(channel);
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  close(): void {
    this.#redis?.disconnect();
    this.#redis = undefined;
    this.#listeners.clear();
  }

  #connection(): Redis {
    if (this.#redis !== undefined) return this.#redis;
    const redis = new Redis(this.#url);
    // Commands fail by themselves; ioredis subscribes again after a reconnect.
    redis.on('error', () => {});
    redis.on('message', (channel: string, text: string) => {
      this.#listeners.get(channel)?.(JSON.parse(text) as TapSample);
    });
    this.#redis = redis;
    return redis;
  }
}
