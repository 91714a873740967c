import { createHmac, timingSafeEqual } from 'node:crypto';
import { MillraceError } from '@millrace/kernel';
import { SecretMalformed } from '../errors.ts';

/**
 * Signatures of the Standard Webhooks specification, symmetric (`v1`): HMAC-SHA256 of `id.timestamp.body`.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const ID_HEADER = 'webhook-id';
export const TIMESTAMP_HEADER = 'webhook-timestamp';
export const SIGNATURE_HEADER = 'webhook-signature';

const PREFIX = 'whsec_';
const KEY_BYTES_MIN = 24;
const KEY_BYTES_MAX = 64;
const VERSION = 'v1';

/** Seconds by which the clock of a sender may differ. */
export const TOLERANCE_S = 300;
/** Signatures of one request that are looked at. */
const SIGNATURES_MAX = 8;

/**
 * The key of a secret `whsec_<base64 of 24 to 64 bytes>`; the prefix may be absent.
 * @throws MillraceError `http.secret_malformed`
 */
export function signingKey(secret: string): Buffer {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  const key = Buffer.from(text, 'base64');
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text) && key.length >= KEY_BYTES_MIN && key.length <= KEY_BYTES_MAX) return key;
  throw new MillraceError(SecretMalformed, {
    message: `a signing secret is whsec_ and then ${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes in base64`,
    mend: `Make one: echo whsec_$(openssl rand -base64 32)`,
  });
}

/** @param timestampS seconds since 1970, of this attempt */
export const signatureOf = (key: Buffer, id: string, timestampS: number | string, body: Uint8Array): string =>
  `${VERSION},${createHmac('sha256', key).update(`${id}.${timestampS}.`).update(body).digest('base64')}`;

export interface SignedRequest {
  readonly id: string | undefined;
  readonly timestamp: string | undefined;
  /** Signatures of several keys, separated by spaces. */
  readonly signature: string | undefined;
  readonly body: Uint8Array;
}

/** Whether one of the signatures is of one of the keys, and not of another time. */
export function isSigned(
  keys: readonly Buffer[],
  { id, timestamp, signature, body }: SignedRequest,
  nowMs: number,
): boolean {
  if (id === undefined || timestamp === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp))
    return false;
  if (Math.abs(nowMs / 1_000 - Number(timestamp)) > TOLERANCE_S) return false;
  const given = signature.split(' ', SIGNATURES_MAX).map((text) => Buffer.from(text));
  const wanted = keys.map((key) => Buffer.from(signatureOf(key, id, timestamp, body)));
  return wanted.some((one) => given.some((other) => one.length === other.length && timingSafeEqual(one, other)));
}
