import { hash } from 'node:crypto';
import { EVERY_INSTANCE, type SnapshotEntry, type SnapshotWriter } from '@millrace/engine';
import { MillraceError } from '@millrace/kernel';
import { TooManyRows } from '../../errors.ts';

/** Parts of the state: only those are written anew in which something has changed. */
const BUCKETS = 64;
const DIGEST_CHARACTERS = 16;

/** A row by the Redis key it is under and its name there: a field, or the end of a key. */
export interface RowName {
  readonly key: string;
  readonly name: string;
}

type Bucket = Map<string, string>;

export const digestOf = (text: string): string => hash('sha256', text, 'base64').slice(0, DIGEST_CHARACTERS);

const idOf = ({ key, name }: RowName): string => JSON.stringify([key, name]);

/** What each row was when it was handed on, as a digest. */
export class KnownRows {
  readonly #buckets: Bucket[] = Array.from({ length: BUCKETS }, () => new Map());
  /** Of buckets without a change since they were written. */
  readonly #written: (Uint8Array | undefined)[] = Array.from({ length: BUCKETS });
  readonly #rowsMax: number;
  #size = 0;
  #offered = 0;

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax;
  }

  get size(): number {
    return this.#size;
  }

  digest(row: RowName): string | undefined {
    const id = idOf(row);
    return this.#buckets[bucketOf(id)]!.get(id);
  }

  /** @throws MillraceError `redis.too_many_rows` */
  set(row: RowName, digest: string): void {
    const id = idOf(row);
    const bucket = this.#bucket(id);
    if (!bucket.has(id)) this.#count(1);
    bucket.set(id, digest);
  }

  delete(row: RowName): void {
    const id = idOf(row);
    if (this.#bucket(id).delete(id)) this.#size -= 1;
  }

  /** Rows that are known under a key. */
  *of(key: string): Generator<RowName> {
    for (const bucket of this.#buckets) {
      for (const id of bucket.keys()) {
        const [itsKey, name] = JSON.parse(id) as [string, string];
        if (itsKey === key) yield { key, name };
      }
    }
  }

  save(part: number, writer: SnapshotWriter): boolean {
    for (; this.#offered < BUCKETS; this.#offered++) {
      const at = this.#offered;
      if (this.#buckets[at]!.size === 0) continue;
      this.#written[at] ??= new TextEncoder().encode(JSON.stringify([...this.#buckets[at]!]));
      // A copy: the entry is another's from now on, and this one may be written again.
      const value = this.#written[at].slice();
      if (!writer.offer({ partition: EVERY_INSTANCE, key: `rows-${part}-${at}`, value })) return false;
    }
    this.#offered = 0;
    return true;
  }

  /** @param isMine under which keys rows are to be known */
  restore({ value }: SnapshotEntry, isMine: (key: string) => boolean): void {
    for (const [id, digest] of JSON.parse(new TextDecoder().decode(value)) as [string, string][]) {
      const [key, name] = JSON.parse(id) as [string, string];
      if (isMine(key)) this.set({ key, name }, digest);
    }
  }

  #bucket(id: string): Bucket {
    const at = bucketOf(id);
    this.#written[at] = undefined;
    return this.#buckets[at]!;
  }

  #count(more: number): void {
    if (this.#size + more > this.#rowsMax) {
      throw new MillraceError(TooManyRows, {
        message: `there are more than ${this.#rowsMax} rows, the most that this stage keeps track of`,
        mend: 'Raise rows (what each was is part of every snapshot), or spread the rows over several stages by their keys.',
      });
    }
    this.#size += more;
  }
}

/** FNV-1a of the characters. http://www.isthe.com/chongo/tech/comp/fnv/ */
function bucketOf(id: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01_00_01_93);
  return (hash >>> 0) % BUCKETS;
}
