import { createHash } from 'node:crypto';
import { MillraceError } from '@millrace/kernel';
import { TooManyObjects } from '../errors.ts';

/** Objects a stage remembers: about 3 MiB of state. */
const OBJECTS_SEEN_MAX = 200_000;
const HASH_CHARACTERS = 16;

const hashOf = (key: string): string => createHash('sha256').update(key).digest('base64url').slice(0, HASH_CHARACTERS);

/** Which objects have been read to the end, as hashes of their keys: names may come in any order, so nothing less would do. */
export class SeenObjects {
  #hashes = new Set<string>();

  has(key: string): boolean {
    return this.#hashes.has(hashOf(key));
  }

  /** @throws MillraceError `s3.too_many_objects` */
  add(key: string): void {
    this.#hashes.add(hashOf(key));
    if (this.#hashes.size <= OBJECTS_SEEN_MAX) return;
    throw new MillraceError(TooManyObjects, {
      message: `more than ${OBJECTS_SEEN_MAX} objects match and are still there`,
      mend: 'Remove or move objects that have been read, write larger ones, or narrow the glob.',
    });
  }

  /** Forgets what is not in the bucket any more; `keys` are all that match. */
  keepOnly(keys: readonly string[]): void {
    const there = new Set(keys.map(hashOf));
    this.#hashes = new Set([...this.#hashes].filter((hash) => there.has(hash)));
  }

  save(): readonly string[] {
    return [...this.#hashes];
  }

  restore(hashes: readonly string[]): void {
    this.#hashes = new Set(hashes);
  }
}
