import rateLimit from '@fastify/rate-limit';
import { type ErrorCode, MillraceError } from '@millrace/kernel';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { actorOf } from './actor.ts';
import { TooManyFailures, TooManyRequests } from './errors.ts';

/** Requests are counted in windows of this length. */
export const RATE_WINDOW_MS = 10_000;
/** Requests with a wrong key, or with none where one is needed, from one address in a window of this length. */
export const FAILURES_MAX = 30;
export const FAILURE_WINDOW_MS = 60_000;
/** Keys and addresses that are counted; the one not seen for longest is forgotten. */
const COUNTED_MAX = 10_000;

export const RATE_LIMITS = Symbol('rate limits');

export interface RateLimits {
  /** Counts a request for its key, or for its address when it needs none. @throws MillraceError `access.too_many_requests` */
  count(request: FastifyRequest): Promise<void>;
  /** Counts a request that was refused for its key. @throws MillraceError `access.too_many_failures` instead of the refusal */
  countFailure(request: FastifyRequest): Promise<void>;
}

/**
 * Limits on rates. They live in each process: what is bounded is the load on it, and 256-bit keys are not found by guessing. A right key is
 * let in whatever others at its address do, because behind a proxy all have one address.
 * @param requestsMax of one key in a window
 */
export async function rateLimits(fastify: FastifyInstance, requestsMax: number): Promise<RateLimits> {
  await fastify.register(rateLimit, { global: false, cache: COUNTED_MAX });
  const requests = fastify.createRateLimit({
    max: requestsMax,
    timeWindow: RATE_WINDOW_MS,
    keyGenerator: (request) => actorOf(request)?.keyId ?? request.ip,
  });
  const failures = fastify.createRateLimit({
    max: FAILURES_MAX,
    timeWindow: FAILURE_WINDOW_MS,
    keyGenerator: (request) => request.ip,
  });
  return {
    async count(request) {
      const state = await requests(request);
      if (state.isAllowed || !state.isExceeded) return;
      const message = `more than ${requestsMax} requests in ${RATE_WINDOW_MS / 1_000} s`;
      throw tooMany(TooManyRequests, message, state.ttlInSeconds, 'Wait, and ask less often.');
    },
    async countFailure(request) {
      const state = await failures(request);
      if (state.isAllowed || !state.isExceeded) return;
      const message = `more than ${FAILURES_MAX} requests without a valid key in ${FAILURE_WINDOW_MS / 1_000} s from this address`;
      throw tooMany(TooManyFailures, message, state.ttlInSeconds, 'Wait, and send a key that works.');
    },
  };
}

const tooMany = (code: ErrorCode, message: string, retryAfterSeconds: number, mend: string): MillraceError =>
  new MillraceError(code, { message, mend, details: { retryAfterSeconds } });
