import type { Redis } from 'ioredis';
import { DRAINS_KEY, MEMBERS_KEY, memberKey } from '../names.ts';
import { bounded } from '../redis/connect-redis.ts';

/** A member that has not renewed for this long is taken for gone. */
export const MEMBER_LEASE_MS = 5_000;
/** A member that went without a word is remembered for this long. */
const GONE_REMEMBERED_MS = 600_000;

/** `draining`: it takes no job and gives its jobs away. `drained`: it has none left, and can be stopped. */
export type MemberState = 'active' | 'draining' | 'drained';

/** What a member tells of itself, once a second. */
export interface MemberFacts {
  /** Host and process. */
  readonly name: string;
  /** Wall clock. */
  readonly startedAt: number;
  readonly at: number;
  /** Of the engine. */
  readonly threads: number;
  readonly jobs: readonly { readonly id: string; readonly name: string }[];
  readonly heapUsedBytes: number;
  readonly heapMaxBytes: number;
  readonly rssBytes: number;
  /** Share of one core that the process used lately; engine threads make it more than 1. */
  readonly cpu: number;
  /** How late the event loop of the main thread was lately. */
  readonly eventLoopP50Ms: number;
  readonly eventLoopP99Ms: number;
  readonly version: string;
  readonly state: MemberState;
}

/** A member that was there and is not, although it never said that it would leave. */
export interface GoneMember {
  readonly name: string;
  /** Wall clock: of its last word. */
  readonly lastAt: number;
}

/** Members of the cluster in Redis: a lease for each, and an index by the time of its last word. */
export class MemberBoard {
  readonly #redis: Redis;

  /** @param redis a connection made by `connectRedis`; the caller closes it */
  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Renews the lease. @returns whether the member is to give its jobs away */
  async tell(facts: MemberFacts): Promise<boolean> {
    const answers = await bounded(
      this.#redis
        .pipeline()
        .set(memberKey(facts.name), JSON.stringify(facts), 'PX', MEMBER_LEASE_MS)
        .zadd(MEMBERS_KEY, facts.at, facts.name)
        .hexists(DRAINS_KEY, facts.name)
        .exec(),
    );
    return answers?.at(-1)?.[1] === 1;
  }

  /** The member ends in good order. */
  async leave(name: string): Promise<void> {
    await bounded(this.#redis.pipeline().del(memberKey(name)).zrem(MEMBERS_KEY, name).hdel(DRAINS_KEY, name).exec());
  }

  /** Asks a member to give its jobs away and to take none; it hears within a second. */
  async drain(name: string, nowMs: number): Promise<void> {
    await bounded(this.#redis.hset(DRAINS_KEY, name, nowMs));
  }

  /** It may take jobs again. */
  async undoDrain(name: string): Promise<void> {
    await bounded(this.#redis.hdel(DRAINS_KEY, name));
  }

  /** Those that are there, by name, and those that went without a word. */
  async list(
    nowMs: number,
  ): Promise<{ readonly members: readonly MemberFacts[]; readonly gone: readonly GoneMember[] }> {
    await bounded(this.#redis.zremrangebyscore(MEMBERS_KEY, '-inf', String(nowMs - GONE_REMEMBERED_MS)));
    const flat = await bounded(this.#redis.zrange(MEMBERS_KEY, '0', '-1', 'WITHSCORES'));
    const known = Array.from({ length: flat.length / 2 }, (_, index) => ({
      name: flat[2 * index]!,
      lastAt: Number(flat[2 * index + 1]),
    })).sort((a, b) => (a.name < b.name ? -1 : 1));
    const asked = new Set(await bounded(this.#redis.hkeys(DRAINS_KEY)));
    // Names end with their processes.
    const forgotten = [...asked].filter((name) => !known.some((member) => member.name === name));
    if (forgotten.length > 0) await bounded(this.#redis.hdel(DRAINS_KEY, ...forgotten));
    if (known.length === 0) return { members: [], gone: [] };
    const texts = await bounded(this.#redis.mget(known.map(({ name }) => memberKey(name))));
    return {
      members: texts.flatMap((text) => (text === null ? [] : [asDrained(JSON.parse(text) as MemberFacts, asked)])),
      gone: known.filter((_, index) => texts[index] === null),
    };
  }
}

/** What was asked for counts before the member has heard of it. */
const asDrained = (facts: MemberFacts, asked: ReadonlySet<string>): MemberFacts =>
  facts.state === 'active' && asked.has(facts.name) ? { ...facts, state: 'draining' } : facts;
