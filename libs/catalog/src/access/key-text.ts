import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * The text of an API key: `mlr_<id>_<secret>`, the id a ULID, the secret base64url of 256 random bits and a CRC-32 over id and bits.
 * The fixed beginning lets scanners of repositories find a key that was committed; the sum tells a mistyped key from an unknown one.
 */
const KEY = /^mlr_([0-9A-HJKMNP-TV-Z]{26})_([\w-]{48})$/;
const SECRET_BYTES = 32;
const SUM_BYTES = 4;

export interface KeyParts {
  readonly id: string;
  /** 256 random bits. */
  readonly secret: Buffer;
}

const sumOf = ({ id, secret }: KeyParts): Buffer => {
  const sum = Buffer.alloc(SUM_BYTES);
  sum.writeUInt32BE(crc32(secret, crc32(id)));
  return sum;
};

export const newSecret = (): Buffer => randomBytes(SECRET_BYTES);

export const keyText = (parts: KeyParts): string =>
  `mlr_${parts.id}_${Buffer.concat([parts.secret, sumOf(parts)]).toString('base64url')}`;

/** What a key is recognised by in lists and logs; no secret. */
export const keyPrefix = (id: string): string => `mlr_${id}`;

/** Its parts; `mistyped` for what looks like a key whose sum is wrong; `undefined` for anything else. */
export function parseKey(text: string): KeyParts | 'mistyped' | undefined {
  const [, id, rest] = KEY.exec(text) ?? [];
  if (id === undefined || rest === undefined) return text.startsWith('mlr_') ? 'mistyped' : undefined;
  const bytes = Buffer.from(rest, 'base64url');
  const parts = { id, secret: bytes.subarray(0, SECRET_BYTES) };
  return bytes.subarray(SECRET_BYTES).equals(sumOf(parts)) ? parts : 'mistyped';
}

/**
 * What is stored of a secret: SHA-256. A slow hash with a salt protects passwords, which people choose from few; 256 random bits cannot be
 * guessed at any speed and never occur twice, and every request pays for the hash.
 */
export const hashOf = (secret: Buffer): Buffer => createHash('sha256').update(secret).digest();

/** In constant time. */
export const hashesEqual = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);
