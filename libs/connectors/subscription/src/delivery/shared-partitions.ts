import type { EventRecord } from '@millrace/formats';
import type { Redis } from 'ioredis';
import { redisError } from '../errors.ts';
import { type SubscriptionKeys, subscriptionKeys } from '../keys.ts';
import {
  entryBody,
  eventJsonOf,
  type LetterReference,
  type StoredEvent,
  schemaId,
  schemaIdOf,
} from '../stored-event.ts';
import { ACKNOWLEDGE, DETACH, REPLAY, SHARE } from './scripts.ts';

/** An instance that says nothing for so long has its partitions taken away. */
export const LEASE_MS = 10_000;
/** So long may the stream of an instance be broken before others take its partitions. */
export const REATTACH_MS = 1_000;
/** That a letter was put back is remembered for longer than any process tries. */
const REPLAYS_KEPT_MS = 86_400_000;

/** A partition that an instance has. */
export interface Lease {
  readonly partition: number;
  /** Raised whenever a partition gets an owner. */
  readonly epoch: number;
  /** Up to here everything was handled. */
  readonly acknowledged: number;
}

export interface Share {
  /** How many it is to have; what it has more it is to give back. */
  readonly count: number;
  readonly leases: readonly Lease[];
}

export interface Acknowledgement {
  readonly partition: number;
  readonly epoch: number;
  /** Everything up to this number is handled. */
  readonly upTo: number;
}

export interface Report {
  readonly instance: string;
  readonly acknowledged: readonly Acknowledgement[];
  /** Partitions that are given back. */
  readonly released: readonly number[];
  /** The instance ends. */
  readonly leaves: boolean;
}

export interface Waiting {
  readonly number: number;
  readonly body: string;
}

/** Who has which partition of a subscription, and what waits in them. All processes of the api work on the same. */
export class SharedPartitions {
  readonly keys: SubscriptionKeys;
  readonly #redis: Redis;
  readonly #partitions: number;

  constructor(redis: Redis, jobId: string, partitions: number) {
    this.#redis = redis;
    this.keys = subscriptionKeys(jobId);
    this.#partitions = partitions;
  }

  /** @param session of an instance that joins @returns `undefined` when the instance is not known (any more) */
  async share(instance: string, session = ''): Promise<Share | undefined> {
    const { meta, members, sessions, leases, acknowledged, wake } = this.keys;
    const keys = [meta, members, sessions, leases, acknowledged];
    const answer = await this.#run('share partitions', SHARE, keys, [
      instance,
      LEASE_MS,
      this.#partitions,
      wake,
      session,
    ]);
    const [isKnown, count, ...flat] = answer as number[];
    if (isKnown === 0) return undefined;
    const all: Lease[] = [];
    for (let at = 0; at < flat.length; at += 3)
      all.push({ partition: flat[at]!, epoch: flat[at + 1]!, acknowledged: flat[at + 2]! });
    return { count: count!, leases: all };
  }

  /** @returns whether the instance is known, and the partitions it has no more */
  async report({
    instance,
    acknowledged: done,
    released,
    leaves,
  }: Report): Promise<{ readonly isKnown: boolean; readonly lost: readonly number[] }> {
    const { meta, members, sessions, leases, acknowledged, wake } = this.keys;
    const keys = [meta, members, sessions, leases, acknowledged, ...this.#streams()];
    const flat = done.flatMap(({ partition, epoch, upTo }) => [partition, epoch, upTo]);
    const args = [instance, LEASE_MS, wake, leaves ? 1 : 0, done.length, ...flat, ...released];
    const [isKnown, ...lost] = (await this.#run('acknowledge changes', ACKNOWLEDGE, keys, args)) as number[];
    return { isKnown: isKnown === 1, lost };
  }

  async detach(instance: string, session: string): Promise<void> {
    const { members, sessions } = this.keys;
    await this.#run('see an instance off', DETACH, [members, sessions], [instance, session, REATTACH_MS]);
  }

  /** Entries behind a number in each of some partitions. */
  async read(
    after: ReadonlyMap<number, number>,
    count: number,
  ): Promise<readonly { readonly partition: number; readonly entries: readonly Waiting[] }[]> {
    const partitions = [...after.keys()];
    const streams = partitions.map((each) => this.keys.partition(each));
    const ids = [...after.values()].map((number) => `${number}-0`);
    const found = await this.#asked('read changes', this.#redis.xread('COUNT', count, 'STREAMS', ...streams, ...ids));
    return (found ?? []).map(([key, entries]) => ({
      partition: partitions[streams.indexOf(key)]!,
      entries: entries.map(([id, fields]) => ({ number: Number.parseInt(id, 10), body: fields[1]! })),
    }));
  }

  /** Up to where each of some partitions is acknowledged. */
  async acknowledged(partitions: readonly number[]): Promise<readonly number[]> {
    if (partitions.length === 0) return [];
    const answer = this.#redis.hmget(this.keys.acknowledged, ...partitions.map(String));
    return (await this.#asked('read what is acknowledged', answer)).map((text) => Number(text ?? 0));
  }

  /** The shape of a table as JSON. */
  async schema(id: string): Promise<string> {
    const text = await this.#asked('read the shape of a table', this.#redis.hget(this.keys.schemas, id));
    if (text === null) throw redisError(new Error(`the shape ${id} is not there`), 'read the shape of a table');
    return text;
  }

  /** A change that waits; `undefined` when it is acknowledged, or another instance has its partition. */
  async find(
    instance: string,
    { partition, epoch, number }: { readonly partition: number; readonly epoch: number; readonly number: number },
  ): Promise<{ readonly record: EventRecord; readonly letter: LetterReference | undefined } | undefined> {
    const lease = await this.#asked('look for a lease', this.#redis.hget(this.keys.leases, String(partition)));
    if (lease !== `${epoch} ${instance}`) return undefined;
    const id = `${number}-0`;
    const [entry] = await this.#asked('read a change', this.#redis.xrange(this.keys.partition(partition), id, id));
    if (entry === undefined) return undefined;
    const body = entry[1][1]!;
    const { letter, ...event } = JSON.parse(eventJsonOf(body)) as StoredEvent;
    return { record: { ...event, schema: JSON.parse(await this.schema(schemaIdOf(body))) }, letter };
  }

  /** Puts a dead letter back, once for each attempt. */
  async replay(partition: number, letter: LetterReference, record: EventRecord): Promise<void> {
    const { meta, replayed, schemas, wake } = this.keys;
    const keys = [meta, replayed, schemas, this.keys.partition(partition % this.#partitions)];
    const name = `${letter.number}:${letter.attempts}`;
    const shape = JSON.stringify(record.schema);
    await this.#run('put a dead letter back', REPLAY, keys, [
      name,
      REPLAYS_KEPT_MS,
      entryBody(record, letter),
      wake,
      schemaId(record.schema),
      shape,
    ]);
  }

  /** How many changes wait, and how many instances there are. */
  async figures(): Promise<{ readonly waiting: number; readonly instances: number }> {
    const { meta, members } = this.keys;
    const [waiting, instances] = await this.#asked(
      'count what waits',
      Promise.all([this.#redis.hget(meta, 'waiting'), this.#redis.zcard(members)]),
    );
    return { waiting: Number(waiting ?? 0), instances };
  }

  #streams(): string[] {
    return Array.from({ length: this.#partitions }, (_, each) => this.keys.partition(each));
  }

  #run(what: string, script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#asked(what, this.#redis.eval(script, keys.length, ...keys, ...args));
  }

  async #asked<T>(what: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw redisError(error, what);
    }
  }
}
