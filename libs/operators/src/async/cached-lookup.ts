import type { Clock } from '@millrace/kernel';
import { LRUCache } from 'lru-cache';
import type { Key } from '../contract/key.ts';
import { type CanonicalKey, canonicalKey } from '../partition/canonical-key.ts';

export interface LookupCacheOptions {
  /** Answers kept, the ones used last. Default 100,000. */
  readonly entries?: number | undefined;
  /** How long an answer counts, by the wall clock. Default one minute. */
  readonly ttlMs?: number | undefined;
}

const ENTRIES_DEFAULT = 100_000;
const TTL_MS_DEFAULT = 60_000;

/** Looks a key up; `undefined` when there is nothing. */
export type Lookup<Value> = (key: Key, signal: AbortSignal) => Promise<Value | undefined>;

/** That there is nothing is an answer as well, and kept like one. */
interface Answer<Value> {
  readonly value: Value | undefined;
}

/** The same look-up with a cache ahead of it; keys asked for at the same time are looked up once. Failures are not kept. */
export function cachedLookup<Value>(
  lookup: Lookup<Value>,
  { entries = ENTRIES_DEFAULT, ttlMs = TTL_MS_DEFAULT }: LookupCacheOptions,
  clock: Clock,
): Lookup<Value> {
  const cache = new LRUCache<NonNullable<CanonicalKey>, Answer<Value>>({
    max: entries,
    ttl: ttlMs,
    perf: { now: () => clock.monotonicMs() },
  });
  const underWay = new Map<CanonicalKey, Promise<Answer<Value>>>();
  return async (key, signal) => {
    // SQL's NULL equals nothing.
    if (key === null || key === undefined) return undefined;
    const canonical = canonicalKey(key)!;
    const known = cache.get(canonical);
    if (known !== undefined) return known.value;
    let answer = underWay.get(canonical);
    if (answer === undefined) {
      answer = lookup(key, signal).then((value) => ({ value }));
      underWay.set(canonical, answer);
      answer.then(
        (found) => {
          cache.set(canonical, found);
          underWay.delete(canonical);
        },
        () => underWay.delete(canonical),
      );
    }
    return (await answer).value;
  };
}
