import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ID_HEADER, isSigned, SIGNATURE_HEADER, signingKey, TIMESTAMP_HEADER } from '../signature/standard-webhooks.ts';
import type { EndpointConfig } from './config.ts';

/** By which a caller marks a request that it may send again. https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
const IDEMPOTENCY_HEADER = 'idempotency-key';
const IDEMPOTENCY_KEY = /^[!-~]{1,255}$/;

const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header);

/** Whose requests are taken. */
export class Callers {
  readonly #token: Buffer | undefined;
  readonly #keys: readonly Buffer[] | undefined;

  /** @throws MillraceError `http.secret_malformed` */
  constructor({ token, secret }: EndpointConfig) {
    this.#token = token === undefined ? undefined : Buffer.from(`Bearer ${token}`);
    this.#keys = secret === undefined ? undefined : [signingKey(secret)];
  }

  mayCall(headers: IncomingHttpHeaders, body: Buffer, nowMs: number): boolean {
    if (this.#token !== undefined) {
      const given = Buffer.from(headers.authorization ?? '');
      if (given.length !== this.#token.length || !timingSafeEqual(given, this.#token)) return false;
    }
    if (this.#keys === undefined) return true;
    const [id, timestamp, signature] = [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER].map((name) =>
      one(headers[name]),
    );
    return isSigned(this.#keys, { id, timestamp, signature, body }, nowMs);
  }
}

/** The idempotency key of a request, or its `webhook-id`; `undefined`: it has none. `null`: it has one that is none. */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined | null {
  const key = one(headers[IDEMPOTENCY_HEADER]) ?? one(headers[ID_HEADER]);
  return key === undefined || IDEMPOTENCY_KEY.test(key) ? key : null;
}
