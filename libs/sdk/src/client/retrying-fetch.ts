import { ulid } from 'ulid';
import { backOff, wait } from '../changes/wait.ts';

export interface RetryOptions {
  /** Tries in all; 1: none is repeated. */
  readonly tries?: number | undefined;
  /** Before the second; doubled each time, with jitter. */
  readonly firstMs?: number | undefined;
  readonly mostMs?: number | undefined;
}

type Fetch = (request: globalThis.Request) => Promise<Response>;

const TRIES = 5;
const FIRST_MS = 100;
const MOST_MS = 5_000;
const REPEATABLE = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);
const IDEMPOTENCY_KEY = 'idempotency-key';
/** Answers with a secret that is shown once: the API keeps none of them for a key, and refuses one. */
const SHOWN_ONCE = /^\/api\/v1\/(first-key|session|api-keys(\/[^/]+\/rotate)?)$/;

const isPassing = (status: number): boolean => status === 429 || status === 502 || status === 503 || status === 504;

/**
 * Repeats what may be repeated: calls without effect, and a POST by the key that makes the api answer the second as the first. The
 * answer is that of the last try.
 */
export function retrying(
  fetch: Fetch,
  { tries = TRIES, firstMs = FIRST_MS, mostMs = MOST_MS }: RetryOptions = {},
): Fetch {
  return async (request) => {
    const isShownOnce = SHOWN_ONCE.test(new URL(request.url).pathname);
    if (request.method === 'POST' && !isShownOnce && !request.headers.has(IDEMPOTENCY_KEY))
      request.headers.set(IDEMPOTENCY_KEY, ulid());
    const mayRepeat = REPEATABLE.has(request.method) || request.headers.has(IDEMPOTENCY_KEY);
    for (let attempt = 1; ; attempt++) {
      const isLast = !mayRepeat || attempt >= tries;
      try {
        const response = await fetch(isLast ? request : request.clone());
        if (isLast || !isPassing(response.status)) return response;
        await response.body?.cancel();
      } catch (error) {
        if (isLast || request.signal.aborted) throw error;
      }
      await wait(backOff(attempt, firstMs, mostMs, Math.random), request.signal, true);
    }
  };
}
