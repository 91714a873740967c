import { createHash } from 'node:crypto';
import { assert, MillraceError } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import { Fenced, SnapshotDamaged, SnapshotTooLarge } from '../errors.ts';
import { attemptsKey, chunkKey, generationKey, recordsKey } from '../names.ts';
import { bounded, unavailable } from '../redis/connect-redis.ts';
import { checkDurability, type Durability, waitForDisk } from '../redis/redis-durability.ts';
import { BEGIN, CLAIM, COMMIT, PUT_CHUNK } from './redis-scripts.ts';
import {
  CHUNK_BYTES,
  SNAPSHOTS_RETAINED,
  type SnapshotRecord,
  type SnapshotStore,
  STATE_BYTES_MAX,
} from './snapshot-store.ts';

/** Chunks on their way at a time. */
const CHUNKS_IN_FLIGHT = 16;
/** Times the chunks are written again when the server lost them before the commit record. */
const REWRITES_MAX = 3;
/** Keys removed by one command. */
const REMOVED_AT_ONCE = 256;
/** How long the generation of a removed job goes on fencing whoever still runs it. */
const REMOVED_FENCE_S = 86_400;

/**
 * Snapshots in Redis or Valkey: a counter for the generation, a string for each 64 KiB of state, a sorted set of commit records (score: snapshot
 * id, member: the record as JSON), a set of attempts begun. All keys of a job share a hash tag.
 */
export class RedisSnapshotStore implements SnapshotStore {
  readonly #redis: Redis;
  readonly #allowVolatile: boolean;
  /** Of the connection under way; asked again after a reconnect, for the server may be another. */
  #durability: Durability | undefined;

  /** @param redis a connection made by `connectRedis`; the caller closes it */
  constructor(redis: Redis, options: { readonly allowVolatileSnapshots?: boolean } = {}) {
    this.#redis = redis;
    this.#allowVolatile = options.allowVolatileSnapshots ?? false;
    redis.on('close', () => {
      this.#durability = undefined;
    });
  }

  /**
   * Says whether the server can keep what it acknowledges.
   * @throws MillraceError `cluster.redis_not_durable` with the setting to change, `cluster.redis_unavailable`
   */
  async checkDurability(): Promise<Durability> {
    this.#durability ??= this.#allowVolatile ? 'volatile' : await checkDurability(this.#redis);
    return this.#durability;
  }

  async claim(jobId: string, floor: number): Promise<number> {
    return (await this.#runDurably(CLAIM, [generationKey(jobId)], [floor])) as number;
  }

  async generationOf(jobId: string): Promise<number> {
    return Number((await bounded(this.#redis.get(generationKey(jobId)))) ?? 0);
  }

  async records(jobId: string): Promise<readonly SnapshotRecord[]> {
    const members = await bounded(this.#redis.zrevrange(recordsKey(jobId), 0, -1));
    return members.map((member) => JSON.parse(member) as SnapshotRecord);
  }

  async write(jobId: string, record: SnapshotRecord, state: Uint8Array): Promise<void> {
    assert(record.bytes === state.length && record.chunks === chunkCount(state.length), 'the record is of this state');
    if (state.length > STATE_BYTES_MAX) throw tooLarge(state.length);
    // The commit comes first: where record and chunks are there already, from an attempt whose answer got lost, nothing is written twice.
    for (let rewrites = 0; ; rewrites++) {
      const outcome = await this.#commit(jobId, record);
      if (outcome === 'committed') return;
      if (outcome !== 'incomplete') throw fenced(jobId, record, outcome);
      if (rewrites === REWRITES_MAX) throw unavailable('it loses pieces of a snapshot while it is being written');
      await this.#writeChunks(jobId, record, state);
    }
  }

  async read(jobId: string, record: SnapshotRecord): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(record.bytes);
    const keys = chunkKeys(jobId, record);
    let at = 0;
    for (let first = 0; first < keys.length; first += CHUNKS_IN_FLIGHT) {
      for (const chunk of await bounded(this.#redis.mgetBuffer(keys.slice(first, first + CHUNKS_IN_FLIGHT)))) {
        if (chunk === null) throw damaged(record, 'a piece is missing');
        at += chunk.copy(bytes, at);
      }
    }
    if (at !== record.bytes) throw damaged(record, `it has ${at} bytes instead of ${record.bytes}`);
    if (stateHash(bytes) !== record.hash) throw damaged(record, 'its hash is another');
    return bytes;
  }

  async sweep(jobId: string): Promise<void> {
    const generation = await this.generationOf(jobId);
    const records = await this.records(jobId);
    const retained = new Set(records.map(attemptOf));
    for (const attempt of await bounded(this.#redis.smembers(attemptsKey(jobId)))) {
      if (retained.has(attempt)) continue;
      const parts = attempt.split(':').map(Number);
      const [attemptGeneration, snapshotId, chunks] = parts as [number, number, number];
      // The owner may be writing a snapshot newer than all records.
      if (attemptGeneration >= generation && snapshotId > (records[0]?.snapshotId ?? 0)) continue;
      await this.#unlink(chunkKeys(jobId, { generation: attemptGeneration, snapshotId, chunks }));
      await bounded(this.#redis.srem(attemptsKey(jobId), attempt));
    }
  }

  async remove(jobId: string): Promise<void> {
    // First the fence, so that nobody writes behind our back; it goes away by itself.
    await bounded(this.#redis.set(generationKey(jobId), Number.MAX_SAFE_INTEGER, 'EX', REMOVED_FENCE_S));
    await this.#unlink([recordsKey(jobId)]);
    await this.sweep(jobId);
  }

  async #commit(jobId: string, record: SnapshotRecord): Promise<string> {
    const keys = [generationKey(jobId), recordsKey(jobId), ...chunkKeys(jobId, record)];
    const argv = [record.generation, record.snapshotId, recordText(record), SNAPSHOTS_RETAINED];
    return (await this.#runDurably(COMMIT, keys, argv)) as string;
  }

  async #writeChunks(jobId: string, record: SnapshotRecord, state: Uint8Array): Promise<void> {
    const { generation } = record;
    const begun = await this.#run(BEGIN, [generationKey(jobId), attemptsKey(jobId)], [generation, attemptOf(record)]);
    if (begun === 0) throw fenced(jobId, record, 'fenced');
    const keys = chunkKeys(jobId, record);
    for (let first = 0; first < keys.length; first += CHUNKS_IN_FLIGHT) {
      const answers = await Promise.all(
        keys.slice(first, first + CHUNKS_IN_FLIGHT).map((key, index) => {
          const start = (first + index) * CHUNK_BYTES;
          const chunk = Buffer.from(
            state.buffer,
            state.byteOffset + start,
            Math.min(CHUNK_BYTES, state.length - start),
          );
          return this.#run(PUT_CHUNK, [generationKey(jobId), key], [generation, chunk]);
        }),
      );
      if (answers.includes(0)) throw fenced(jobId, record, 'fenced');
    }
  }

  /** Both commands leave in the same turn, so on the same connection: WAITAOF speaks of the writes of its own connection only. */
  async #runDurably(script: string, keys: readonly string[], argv: readonly (string | number)[]): Promise<unknown> {
    const durability = await this.checkDurability();
    const answer = this.#run(script, keys, argv);
    const onDisk = durability === 'waitaof' ? waitForDisk(this.#redis) : undefined;
    return (await Promise.all([answer, onDisk]))[0];
  }

  async #unlink(keys: readonly string[]): Promise<void> {
    for (let first = 0; first < keys.length; first += REMOVED_AT_ONCE) {
      await bounded(this.#redis.unlink(...keys.slice(first, first + REMOVED_AT_ONCE)));
    }
  }

  #run(script: string, keys: readonly string[], argv: readonly (string | number | Buffer)[]): Promise<unknown> {
    return bounded(this.#redis.eval(script, keys.length, ...keys, ...argv));
  }
}

/** SHA-256 of an encoded state, hexadecimal. */
export const stateHash = (state: Uint8Array): string => createHash('sha256').update(state).digest('hex');

export const chunkCount = (bytes: number): number => Math.ceil(bytes / CHUNK_BYTES);

type Attempt = Pick<SnapshotRecord, 'generation' | 'snapshotId' | 'chunks'>;

const attemptOf = ({ generation, snapshotId, chunks }: Attempt): string => `${generation}:${snapshotId}:${chunks}`;

const chunkKeys = (jobId: string, { generation, snapshotId, chunks }: Attempt): string[] =>
  Array.from({ length: chunks }, (_, index) => chunkKey(jobId, generation, snapshotId, index));

/** The same text for the same record, whatever the order of its properties. */
const recordText = ({ snapshotId, generation, takenAtMs, chunks, bytes, hash }: SnapshotRecord): string =>
  JSON.stringify({ snapshotId, generation, takenAtMs, chunks, bytes, hash });

const fenced = (jobId: string, record: SnapshotRecord, outcome: string): MillraceError =>
  new MillraceError(Fenced, {
    message:
      outcome === 'stale'
        ? `snapshot ${record.snapshotId} of job ${jobId} is not newer than what is there`
        : `execution ${record.generation} of job ${jobId} is superseded`,
    details: { snapshotId: record.snapshotId, generation: record.generation },
  });

const damaged = (record: SnapshotRecord, what: string): MillraceError =>
  new MillraceError(SnapshotDamaged, {
    message: `snapshot ${record.snapshotId} of execution ${record.generation} is damaged: ${what}`,
    mend: 'Restore Redis from a backup that has it, then resume the job; or delete the job and create it again, which loads everything anew.',
    details: { snapshotId: record.snapshotId, generation: record.generation },
  });

const tooLarge = (bytes: number): MillraceError =>
  new MillraceError(SnapshotTooLarge, {
    message: `the state has ${bytes} bytes, more than ${STATE_BYTES_MAX}`,
    mend: 'Keep less state: shorter windows, fewer keys, or split the job.',
  });
