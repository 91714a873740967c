import { MillraceError } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import { KeyOfOtherType } from '../../errors.ts';

/** What Redis has of a row, or nothing. */
export interface FoundRow {
  readonly name: string;
  /** Of `hash`: the value. Of `hashes`: fields and values in turn, sorted by field. */
  readonly value: string | readonly string[];
}

/** Where the rows of a Redis key of the stage are. */
export interface Place {
  /** All rows, in pieces. A row that was there all the time is among them, perhaps twice. */
  scan(): AsyncGenerator<readonly FoundRow[]>;
  /** Those of these names that are there. */
  find(names: readonly string[]): Promise<readonly FoundRow[]>;
  /** Channel, or pattern of channels, of keyspace notifications. */
  readonly channels: string;
  /** The row that a notification is about; `undefined`: it does not say. */
  nameOf(channel: string): string | undefined;
}

const SCAN_COUNT = 1_000;

const otherType = (key: string, type: string): MillraceError =>
  new MillraceError(KeyOfOtherType, {
    message: `"${key}" is of type ${type}, and rows are read from hashes`,
    mend: 'Name another key, or remove what is there.',
  });

/** A hash whose fields are rows. */
export class FieldsOfHash implements Place {
  readonly #redis: Redis;
  readonly #key: string;
  readonly channels: string;

  constructor(redis: Redis, key: string, database: number) {
    this.#redis = redis;
    this.#key = key;
    this.channels = `__keyspace@${database}__:${escaped(key)}`;
  }

  nameOf(): undefined {
    return undefined;
  }

  async *scan(): AsyncGenerator<readonly FoundRow[]> {
    const type = await this.#redis.type(this.#key);
    if (type !== 'hash' && type !== 'none') throw otherType(this.#key, type);
    let cursor = '0';
    do {
      const [next, parts] = await this.#redis.hscan(this.#key, cursor, 'COUNT', SCAN_COUNT);
      yield pairsOf(parts).map(([name, value]) => ({ name, value }));
      cursor = next;
    } while (cursor !== '0');
  }

  async find(names: readonly string[]): Promise<readonly FoundRow[]> {
    const values = await this.#redis.hmget(this.#key, ...names);
    return names.flatMap((name, at) => {
      const value = values[at];
      return value == null ? [] : [{ name, value }];
    });
  }
}

/** Keys that begin alike, each the hash of a row. */
export class HashesOfKeys implements Place {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #channelPrefix: string;
  readonly channels: string;

  /** @param prefix what the keys begin with */
  constructor(redis: Redis, prefix: string, database: number) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#channelPrefix = `__keyspace@${database}__:${this.#prefix}`;
    this.channels = `__keyspace@${database}__:${escaped(this.#prefix)}*`;
  }

  nameOf(channel: string): string {
    return channel.slice(this.#channelPrefix.length);
  }

  async *scan(): AsyncGenerator<readonly FoundRow[]> {
    const pattern = `${escaped(this.#prefix)}*`;
    let cursor = '0';
    do {
      const [next, keys] = await this.#redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
      if (keys.length > 0) yield await this.find(keys.map((key) => key.slice(this.#prefix.length)));
      cursor = next;
    } while (cursor !== '0');
  }

  async find(names: readonly string[]): Promise<readonly FoundRow[]> {
    const pipeline = this.#redis.pipeline();
    for (const name of names) pipeline.call('HGETALL', this.#prefix + name);
    const answers = (await pipeline.exec()) as [Error | null, string[]][];
    return answers.flatMap(([error, parts], at) => {
      const name = names[at]!;
      if (error !== null) {
        if (error.message.startsWith('WRONGTYPE')) throw otherType(this.#prefix + name, 'another type');
        throw error;
      }
      const fields = pairsOf(parts).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return fields.length === 0 ? [] : [{ name, value: fields.flat() }];
    });
  }
}

const pairsOf = (parts: readonly string[]): readonly (readonly [string, string])[] =>
  Array.from({ length: parts.length / 2 }, (_, at) => [parts[2 * at]!, parts[2 * at + 1]!] as const);

/** As a pattern that stands for this text alone. */
const escaped = (text: string): string => text.replace(/[*?[\]\\]/g, '\\$&');
