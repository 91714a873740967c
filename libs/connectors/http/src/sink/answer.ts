/** Longest wait that a receiver can ask for; what it wants beyond that it has to say again. */
export const RETRY_AFTER_MS_MAX = 60_000;

/**
 * What an answer means for a request.
 * - `delivered`: 2xx.
 * - `again`: the receiver or something before it has a bad time (408, 425, 429, 5xx).
 * - `again-record`: 500, which may lie in the record.
 * - `record`: it will never take this (other 4xx).
 * - `endpoint`: it takes nothing here, whatever it is (redirects, which are not followed, 401, 403, 404 and the like).
 */
export type Verdict = 'delivered' | 'again' | 'again-record' | 'record' | 'endpoint';

const AGAIN = new Set([408, 425, 429]);
const ENDPOINT = new Set([401, 402, 403, 404, 405, 407, 410, 421, 426]);

export function verdictOf(status: number): Verdict {
  if (status >= 200 && status < 300) return 'delivered';
  if (status === 500) return 'again-record';
  if (status > 500 || AGAIN.has(status)) return 'again';
  return status < 400 || ENDPOINT.has(status) ? 'endpoint' : 'record';
}

/** Milliseconds that a `Retry-After` asks for: seconds or a date (RFC 9110, 10.2.3), at most `RETRY_AFTER_MS_MAX`; `undefined` when it says nothing. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const waitMs = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(RETRY_AFTER_MS_MAX, Math.max(0, waitMs));
}
