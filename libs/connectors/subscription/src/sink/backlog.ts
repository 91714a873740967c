import { comparePositions, type Position, parseLsn, type TableSchema } from '@millrace/formats';
import type { Redis } from 'ioredis';
import { backlogLost, fenced, redisError } from '../errors.ts';
import { type SubscriptionKeys, subscriptionKeys } from '../keys.ts';
import { schemaId } from '../stored-event.ts';
import { APPEND, CLAIM, DONE, DROP, LOST, MORE, MOVE, NO_ROOM, STAGE } from './scripts.ts';

/** Entries moved in one script: Redis serves nobody else meanwhile. */
const MOVED_AT_ONCE = 500;

/** A change on its way to a partition. */
export interface Entry {
  readonly partition: number;
  readonly body: string;
  /** Where the source has it; `undefined`: it has no place by which it could be skipped. */
  readonly position: Position | undefined;
}

/** Entries that wait, out of sight, for the snapshot that covers them. Plain data, part of the saved state. */
export interface StagedList {
  /** Counted over all executions. */
  readonly number: number;
  readonly generation: number;
  readonly length: number;
  /** Of its newest entry that has one, as text; empty: none has. */
  readonly position: string;
}

const listId = ({ generation, number }: Pick<StagedList, 'generation' | 'number'>): string => `${generation}.${number}`;

export const positionText = ({ commitLsn, index }: Position): string => `${commitLsn.toString(16)}.${index}`;

export function parsePosition(text: string): Position {
  const [lsn, index] = text.split('.');
  const hex = lsn!.padStart(16, '0');
  return { commitLsn: parseLsn(`${hex.slice(0, 8)}/${hex.slice(8)}`), index: Number(index) };
}

export const isAfter = (position: Position, other: Position | undefined): boolean =>
  other === undefined || comparePositions(position, other) > 0;

/** What waits for a service, as one execution of its job writes it. */
export class Backlog {
  readonly #redis: Redis;
  readonly #keys: SubscriptionKeys;
  readonly #generation: number;
  readonly #max: number;
  readonly #partitions: readonly string[];
  readonly #known = new WeakSet<TableSchema>();

  constructor(
    redis: Redis,
    options: { readonly jobId: string; readonly generation: number; readonly partitions: number; readonly max: number },
  ) {
    this.#redis = redis;
    this.#keys = subscriptionKeys(options.jobId);
    this.#generation = options.generation;
    this.#max = options.max;
    this.#partitions = Array.from({ length: options.partitions }, (_, each) => this.#keys.partition(each));
  }

  /** From now on older executions are refused. @throws MillraceError `subscription.fenced` */
  async claim(): Promise<void> {
    await this.#run('take the subscription over', CLAIM, [], []);
  }

  /** Up to where changes were appended. */
  async position(): Promise<Position | undefined> {
    const text = await this.#asked('read the position', this.#redis.hget(this.#keys.meta, 'position'));
    return text === null ? undefined : parsePosition(text);
  }

  /** Keeps the shapes of tables, by which entries are read. */
  async keepSchemas(schemas: Iterable<TableSchema>): Promise<void> {
    const fresh = [...schemas].filter((schema) => !this.#known.has(schema));
    if (fresh.length === 0) return;
    const fields = Object.fromEntries(fresh.map((schema) => [schemaId(schema), JSON.stringify(schema)]));
    await this.#asked('keep the shape of a table', this.#redis.hset(this.#keys.schemas, fields));
    for (const schema of fresh) this.#known.add(schema);
  }

  /** Shows entries to the service at once. @returns whether there was room @throws MillraceError `subscription.fenced` */
  async append(entries: readonly Entry[]): Promise<boolean> {
    const position = entries.findLast((entry) => entry.position !== undefined)?.position;
    const args = [String(this.#max), this.#keys.wake, position === undefined ? '' : positionText(position)];
    return this.#run('append changes', APPEND, this.#partitions, [...args, ...entries.flatMap(fields)]);
  }

  /** Puts entries behind those of a list. @returns whether there was room @throws MillraceError `subscription.fenced` */
  async stage(list: Pick<StagedList, 'generation' | 'number'>, entries: readonly Entry[]): Promise<boolean> {
    const id = listId(list);
    const keys = [this.#keys.lists, this.#keys.list(id)];
    return this.#run('put changes aside', STAGE, keys, [String(this.#max), id, ...entries.flatMap(fields)]);
  }

  /** Shows the entries of a list; harmless when it was done before. @throws MillraceError `subscription.fenced`, `subscription.backlog_lost` */
  async move(list: StagedList): Promise<void> {
    const id = listId(list);
    const keys = [this.#keys.lists, this.#keys.list(id), ...this.#partitions];
    const args = [list.number, id, list.length, MOVED_AT_ONCE, this.#keys.wake, list.position].map(String);
    while (!(await this.#run('show changes', MOVE, keys, args)));
  }

  /** Removes the lists that no snapshot names. */
  async sweep(kept: readonly StagedList[]): Promise<void> {
    const names = new Set(kept.map(listId));
    for (const id of await this.#asked('look for old lists', this.#redis.smembers(this.#keys.lists))) {
      if (names.has(id) || Number(id.split('.')[0]) >= this.#generation) continue;
      await this.#run('remove an old list', DROP, [this.#keys.lists, this.#keys.list(id)], [id]);
    }
  }

  async #run(what: string, script: string, keys: readonly string[], args: readonly string[]): Promise<boolean> {
    const all = [this.#keys.meta, ...keys];
    const answer = await this.#asked(what, this.#redis.eval(script, all.length, ...all, this.#generation, ...args));
    if (answer === DONE) return true;
    if (answer === NO_ROOM || answer === MORE) return false;
    if (answer === LOST) throw backlogLost(`Redis has not all that it had been given: can't ${what}`);
    throw fenced(Number(answer), this.#generation);
  }

  async #asked<T>(what: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw redisError(error, what);
    }
  }
}

const fields = ({ partition, body }: Entry): string[] => [String(partition), body];
