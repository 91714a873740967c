import { type Clock, MillraceError } from '@millrace/kernel';
import { Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Connection } from '../config.ts';
import { connect } from '../connect.ts';
import { Fenced, redisError } from '../errors.ts';
import { type Ending, idOf, keyOf } from './jobs-in-flight.ts';

/** Once this has passed without an extension, BullMQ gives a job to whoever asks. */
const LOCK_MS = 30_000;
const EXTEND_MS = 10_000;
/** How often it looks for jobs while there are none. BullMQ's blocking wait would have to take a job before it can look for a newer execution. */
const POLL_MS = 100;
/** Commands under way at once. */
const COMMANDS_MAX = 256;
/** Jobs that are asked for at once; after each full answer twice as many. */
const TAKE_MAX = 64;
const PAGE_JOBS = 500;
/** Our jobs stall when a worker dies, which says nothing against them. */
const STALLED_MAX = 2 ** 31;

/** BullMQ's code of a job that it does not know. */
const GONE = -1;
/** Its codes of a lock that is not there, of a job that is not active, and of a lock that is another's. */
const LOST: readonly unknown[] = [-2, -3, -6];
/** Its code of a job one of whose children failed. */
const CHILD_FAILED = -9;

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;
const isOver = (state: string): boolean => state === 'completed' || state === 'failed' || state === 'unknown';

interface ReaderOptions {
  readonly config: Connection;
  readonly queue: string;
  readonly prefix: string;
  /** Unique for the stage of a job. */
  readonly name: string;
  readonly generation: number;
  readonly clock: Clock;
  readonly failed: (error: unknown) => void;
}

/**
 * A queue as one execution of a stage reads it: by BullMQ's own worker, without its loop. All locks of an execution have one token, so that a later one knows
 * them, and can take them away.
 */
export class QueueReader {
  readonly #options: ReaderOptions;
  readonly #redis: Redis;
  readonly #worker: Worker;
  readonly #queue: Queue;
  readonly #closing = new AbortController();
  #take = 1;
  #isIdle = false;

  private constructor(options: ReaderOptions, redis: Redis) {
    const { queue, prefix } = options;
    this.#options = options;
    this.#redis = redis;
    const shared = { connection: redis, prefix, skipMetasUpdate: true } as const;
    this.#queue = new Queue(queue, shared);
    this.#worker = new Worker(queue, null, {
      ...shared,
      autorun: false,
      lockDuration: LOCK_MS,
      stalledInterval: LOCK_MS,
      maxStalledCount: STALLED_MAX,
    });
    const failed = (error: unknown): void => this.#fail(error);
    this.#worker.on('error', failed);
    this.#queue.on('error', failed);
    redis.on('close', () => failed(new Error('the connection ended')));
  }

  /** @throws MillraceError `bullmq.unreachable`, `bullmq.refused` */
  static async open(options: ReaderOptions): Promise<QueueReader> {
    const reader = new QueueReader(options, await connect(options.config));
    try {
      await Promise.all([reader.#worker.waitUntilReady(), reader.#queue.waitUntilReady()]);
      return reader;
    } catch (error) {
      await reader.close([]);
      throw redisError(error, 'open the queue');
    }
  }

  /**
   * From now on older executions find out that they are over, and what they had taken is free.
   * @param settled jobs that the restored snapshot holds, by key: they are ended
   * @throws MillraceError `bullmq.fenced`
   */
  async takeOver(settled: ReadonlyMap<string, Ending>): Promise<void> {
    const { generation } = this.#options;
    await this.#ask('take the queue over', () => this.#redis.zadd(this.#fenceKey, 'GT', generation, 'generation'));
    await this.checkFence();
    const known = new Set(Array.from(settled.keys(), idOf));
    // The newest first, as they are given back.
    const ids = await this.#ask('look at active jobs', () => this.#queue.getRanges(['active'], 0, -1));
    for (let at = 0; at < ids.length; at += COMMANDS_MAX) {
      const some = ids.slice(at, at + COMMANDS_MAX);
      const locks = await this.#ask('look at locks', () => this.#redis.mget(some.map((id) => this.#lockKey(id))));
      await Promise.all(
        some.map(async (id, index) => {
          const token = locks[index] ?? '';
          if (!this.#isOlder(token)) return;
          await (known.has(id) ? this.#endFor(id, token, settled) : this.#release(id, token));
        }),
      );
    }
    void this.#worker.startStalledCheckTimer();
  }

  /** @throws MillraceError `bullmq.fenced` */
  async checkFence(): Promise<void> {
    const found = await this.#ask('look for a newer execution', () => this.#redis.zscore(this.#fenceKey, 'generation'));
    if (Number(found) <= this.#options.generation) return;
    throw new MillraceError(Fenced, {
      message: `execution ${found} reads this queue now, and this is ${this.#options.generation}`,
      mend: 'Nothing: the newer execution goes on.',
    });
  }

  /**
   * Jobs that can be taken, in their order. After an answer that had not all it asked for it waits a moment, unless told otherwise.
   * @throws MillraceError `bullmq.fenced`: then nothing was taken
   */
  async take(max: number, waits: boolean): Promise<readonly Job[]> {
    const wanted = Math.min(max, this.#take);
    if (this.#isIdle) {
      const { signal } = this.#closing;
      if (waits) await this.#options.clock.sleep(POLL_MS, signal).catch(() => {});
      if (signal.aborted) return [];
      await this.checkFence();
    }
    const jobs = await this.#ask('take jobs', async () => {
      const taking = Array.from({ length: wanted }, () => this.#worker.getNextJob(this.#token, { block: false }));
      return (await Promise.all(taking)).filter((job) => job !== undefined && job !== null);
    });
    this.#isIdle = jobs.length < wanted;
    this.#take = jobs.length === wanted ? Math.min(TAKE_MAX, this.#take * 2) : 1;
    if (jobs.length === 0) return jobs;
    try {
      // After it has taken them: a newer execution that has begun meanwhile gets them at once.
      await this.checkFence();
      return jobs;
    } catch (error) {
      await this.#releaseAll(jobs);
      throw error;
    }
  }

  /** Ends jobs that a committed snapshot holds. @returns those that it could not end, for their locks were lost */
  async end(due: readonly { readonly job: Job; readonly ending: Ending }[]): Promise<ReadonlySet<Job>> {
    const lost = new Set<Job>();
    for (let at = 0; at < due.length; at += COMMANDS_MAX)
      await Promise.all(
        due.slice(at, at + COMMANDS_MAX).map(async ({ job, ending }) => {
          if (!(await this.#end(job, ending, this.#token))) lost.add(job);
        }),
      );
    return lost;
  }

  /** Keeps the locks of what `jobs` says until it is closed. A lock that was lost is of no concern: its job comes again. */
  async keepLocks(jobs: () => readonly Job[]): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#options.clock.sleep(EXTEND_MS, signal).catch(() => {});
      if (signal.aborted) return;
      await this.checkFence();
      const ids = jobs().map(({ id }) => id!);
      for (let at = 0; at < ids.length; at += PAGE_JOBS) {
        const some = ids.slice(at, at + PAGE_JOBS);
        const tokens = some.map(() => this.#token);
        await this.#ask('keep jobs', () => this.#worker.extendJobLocks(some, tokens, LOCK_MS));
      }
    }
  }

  /** Whether the jobs with these ids can't come any more. */
  async areOver(ids: readonly string[]): Promise<readonly boolean[]> {
    const over: boolean[] = [];
    for (let at = 0; at < ids.length; at += COMMANDS_MAX) {
      const some = ids.slice(at, at + COMMANDS_MAX);
      const states = await this.#ask('look at jobs', () => Promise.all(some.map((id) => this.#queue.getJobState(id))));
      over.push(...states.map(isOver));
    }
    return over;
  }

  /** Ends waiting for jobs. */
  async stop(): Promise<void> {
    this.#closing.abort(new Error('the source is closed'));
    await this.#worker.close(true);
  }

  /** @param jobs to be given back, the oldest first */
  async close(jobs: readonly Job[]): Promise<void> {
    await this.stop();
    await this.#releaseAll(jobs);
    await this.#queue.close().catch(() => {});
    this.#redis.disconnect();
  }

  get #fenceKey(): string {
    const { prefix, name } = this.#options;
    return fenceKey(prefix, name);
  }

  get #token(): string {
    return `${this.#options.name}:${this.#options.generation}`;
  }

  #isOlder(token: string): boolean {
    const { name, generation } = this.#options;
    return token.startsWith(`${name}:`) && Number(token.slice(name.length + 1)) < generation;
  }

  #lockKey(id: string): string {
    return `${this.#queue.toKey(id)}:lock`;
  }

  /** Ends a job of an older execution that the restored snapshot holds. */
  async #endFor(id: string, token: string, settled: ReadonlyMap<string, Ending>): Promise<void> {
    const job = await this.#ask('look at a job', () => this.#queue.getJob(id));
    const ending = job && settled.get(keyOf(job));
    await (job === undefined || ending === undefined ? this.#release(id, token) : this.#end(job, ending, token));
  }

  /** The newest first, for each goes before all others. */
  async #releaseAll(jobs: readonly Job[]): Promise<void> {
    const newestFirst = jobs.toReversed();
    for (let at = 0; at < newestFirst.length; at += COMMANDS_MAX)
      await Promise.allSettled(
        newestFirst.slice(at, at + COMMANDS_MAX).map(({ id }) => this.#release(id!, this.#token)),
      );
  }

  /** @returns `false` when its lock was lost */
  async #release(id: string, token: string): Promise<boolean> {
    return this.#settled('give a job back', () => new Job(this.#queue, '', null, {}, id).moveToWait(token));
  }

  async #end(job: Job, ending: Ending, token: string): Promise<boolean> {
    const fail = (reason: string) => job.moveToFailed(new UnrecoverableError(reason), token, false);
    if (ending !== 'completed') return this.#settled('fail a job', () => fail(ending.failed));
    return this.#settled('complete a job', () =>
      job.moveToCompleted(null, token, false).catch((error: unknown) => {
        if (codeOf(error) !== CHILD_FAILED) throw error;
        return fail('one of its children failed');
      }),
    );
  }

  async #settled(what: string, move: () => Promise<unknown>): Promise<boolean> {
    try {
      await move();
      return true;
    } catch (error) {
      if (codeOf(error) === GONE) return true;
      if (LOST.includes(codeOf(error))) return false;
      throw redisError(error, what);
    }
  }

  async #ask<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw redisError(error, what);
    }
  }

  #fail(error: unknown): void {
    if (!this.#closing.signal.aborted) this.#options.failed(redisError(error, 'read the queue'));
  }
}

export const fenceKey = (prefix: string, name: string): string => `${prefix}:${name}:reader`;
