import { PARTITION_COUNT } from '@millrace/engine';
import type { Key } from '../contract/key.ts';
import { canonicalKey } from './canonical-key.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const OF_NULL = 0x2d;
const OF_UNDEFINED = 0x75;
const OF_TRUE = 0x74;
const OF_FALSE = 0x66;
const INT64_MASK = 0xffff_ffffn;

/** Mixes the bits of a 32-bit number (a multiply-xorshift finaliser, as MurmurHash3's by Austin Appleby, public domain). */
export function mix32(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  return (h ^ (h >>> 16)) >>> 0;
}

const words = new Float64Array(1);
const halves = new Int32Array(words.buffer);

/** The two halves of a double, low first, so that the hash is the same on every machine (all that run Node.js are little-endian). */
function hashDouble(value: number): number {
  words[0] = Number.isNaN(value) ? Number.NaN : value;
  return mix32(halves[0]! ^ mix32(halves[1]!));
}

/** FNV-1a over UTF-16 code units (http://www.isthe.com/chongo/tech/comp/fnv/), finished by `mix32`. */
export function hashText(text: string): number {
  let h = FNV_OFFSET;
  for (let at = 0; at < text.length; at++) h = Math.imul(h ^ text.charCodeAt(at), FNV_PRIME);
  return mix32(h);
}

function hashBigInt(value: bigint): number {
  if (BigInt.asIntN(64, value) !== value) return hashText(value.toString());
  return mix32(Number(value & INT64_MASK) ^ mix32(Number((value >> 32n) & INT64_MASK)));
}

/** 32-bit hash of a key, unsigned; equal keys hash alike. */
export function hashKey(key: Key): number {
  if (typeof key === 'number') return (key | 0) === key ? mix32(key) : hashDouble(key);
  if (typeof key === 'string') return hashText(key);
  const canonical = canonicalKey(key);
  switch (typeof canonical) {
    case 'bigint':
      return hashBigInt(canonical);
    case 'string':
      return hashText(canonical);
    case 'boolean':
      return mix32(canonical ? OF_TRUE : OF_FALSE);
    default:
      return mix32(canonical === null ? OF_NULL : OF_UNDEFINED);
  }
}

/**
 * The partition (0 to `PARTITION_COUNT` - 1) a key belongs to. The same for ever: saved state is kept by partition.
 */
export const partitionOfKey = (key: Key): number => partitionOfHash(hashKey(key));

/** `>>> 0` says what a hash is anyway: knowing it is no fraction, V8 divides by multiplying, which takes a tenth of the time. */
export const partitionOfHash = (hash: number): number => (hash >>> 0) % PARTITION_COUNT;
