import { createHash } from 'node:crypto';

/** A longer part is cut: a key has at most 1,024 bytes. */
const PART_CHARACTERS_MAX = 128;
const HASH_CHARACTERS = 16;

/** The longest part: cut, a tilde, and the hash. */
export const SAFE_PART_BYTES_MAX = PART_CHARACTERS_MAX + 1 + HASH_CHARACTERS;

/** No other text becomes this: a leading underscore is encoded. */
const EMPTY_PART = '__empty__';

/**
 * One part of a key from a text that may hold anything: no separator, no leading dot or underscore (readers of folders skip such names), nothing outside
 * letters, digits, `_`, `-`, `.`. A long one is cut and ends with a hash, so that two texts never share a part.
 */
export function safePart(text: string): string {
  const encoded = encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^[._]/, (sign) => (sign === '.' ? '%2E' : '%5F'));
  if (encoded === '') return EMPTY_PART;
  if (encoded.length <= PART_CHARACTERS_MAX) return encoded;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_CHARACTERS);
  // Not in the middle of a %XX.
  return `${encoded.slice(0, PART_CHARACTERS_MAX).replace(/%[0-9A-F]?$/, '')}~${hash}`;
}
