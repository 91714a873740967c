import type { JobIdentity } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import type { Bucket } from '../bucket/bucket.ts';
import { NoConditionalWrites } from '../errors.ts';
import { compactionPrefix, probeKey } from '../naming/keys.ts';
import type { Manifest } from '../sink/prepared.ts';

const NUMBER_DIGITS = 10;
const JSON_TYPE = 'application/json';

/** One step of compaction, as readers see it: from now on these objects stand for those. */
export interface Compaction {
  /** Version of this form. */
  readonly format: 1;
  readonly number: number;
  /** Whose it is. */
  readonly token: string;
  /** When it was made, milliseconds since 1970 by the clock of who made it. */
  readonly atMs: number;
  readonly replaces: readonly string[];
  readonly tables: Manifest['tables'];
  readonly objects: Manifest['objects'];
  /** Where each object stands among those of manifests: name and index of the first that it stands for. */
  readonly places: readonly string[];
}

/** What somebody is about to write, so that others can remove it if he dies. */
export interface Intent {
  readonly number: number;
  readonly token: string;
  readonly atMs: number;
  readonly keys: readonly string[];
}

/**
 * The compactions of one stage, numbered from 1. Whoever writes number n first has made it: the write is refused to all others, and so a compactor that was
 * paused, and knows only what was before, can change nothing.
 */
export class CompactionLog {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #own: string;
  /** Numbers whose replaced objects are removed. */
  readonly removed = new Set<number>();
  readonly compactions: Compaction[] = [];

  /** @param own the connection's prefix */
  constructor(bucket: Bucket, own: string, job: JobIdentity) {
    this.#bucket = bucket;
    this.#own = own;
    this.#prefix = compactionPrefix(own, job);
  }

  get last(): number {
    return this.compactions.length;
  }

  /** @throws MillraceError `s3.no_conditional_writes` */
  async checkServer(id: string): Promise<void> {
    const key = probeKey(this.#own, id);
    await this.#bucket.putNew(key, new Uint8Array(), JSON_TYPE);
    const isOverwritten = await this.#bucket.putNew(key, new Uint8Array(), JSON_TYPE);
    await this.#bucket.remove(key);
    if (!isOverwritten) return;
    throw new MillraceError(NoConditionalWrites, {
      message: `the server of bucket ${this.#bucket.name} overwrites objects although If-None-Match forbids it`,
      mend: 'Leave compaction out, or use a server with conditional writes.',
    });
  }

  /** Reads what was added. @returns the new ones */
  async refresh(): Promise<readonly Compaction[]> {
    const known = this.last;
    for (let more = true; more; ) {
      const text = await this.#bucket.get(this.#key(this.last + 1));
      more = text !== undefined;
      if (text !== undefined) this.compactions.push(JSON.parse(new TextDecoder().decode(text)) as Compaction);
    }
    if (known === 0)
      for await (const key of this.#bucket.listKeys(`${this.#prefix}removed/`))
        this.removed.add(Number(key.slice(-NUMBER_DIGITS)));
    return this.compactions.slice(known);
  }

  /** @returns `false` when another has made this number */
  async append(compaction: Compaction): Promise<boolean> {
    const key = this.#key(compaction.number);
    const isNew = await this.#bucket.putNew(key, encode(compaction), JSON_TYPE);
    if (isNew) return true;
    // The answer to a first try may have been lost.
    const found = await this.#bucket.get(key);
    return (
      found !== undefined && (JSON.parse(new TextDecoder().decode(found)) as Compaction).token === compaction.token
    );
  }

  async markRemoved(number: number): Promise<void> {
    await this.#bucket.put(`${this.#prefix}removed/${digits(number)}`, new Uint8Array(), JSON_TYPE);
    this.removed.add(number);
  }

  async putIntent(intent: Intent): Promise<void> {
    await this.#bucket.put(this.#intentKey(intent), encode(intent), JSON_TYPE);
  }

  async dropIntent(intent: Pick<Intent, 'number' | 'token'>): Promise<void> {
    await this.#bucket.remove(this.#intentKey(intent));
  }

  async *intents(): AsyncGenerator<Intent> {
    for await (const key of this.#bucket.listKeys(`${this.#prefix}intents/`)) {
      const text = await this.#bucket.get(key);
      if (text !== undefined) yield JSON.parse(new TextDecoder().decode(text)) as Intent;
    }
  }

  #key(number: number): string {
    return `${this.#prefix}${digits(number)}.json`;
  }

  #intentKey({ number, token }: Pick<Intent, 'number' | 'token'>): string {
    return `${this.#prefix}intents/${digits(number)}-${token}.json`;
  }
}

const digits = (number: number): string => String(number).padStart(NUMBER_DIGITS, '0');

const encode = (value: object): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);
