import type { JobIdentity } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import { Job, type JobsOptions, Queue } from 'bullmq';
import type { ChainableCommander, Redis } from 'ioredis';
import { Fenced, PreparedLost, Refused, redisError } from './errors.ts';

const TRIES_MAX = 10;

/** A job that is to be added. */
export interface NewJob {
  readonly queue: string;
  readonly name: string;
  readonly data: unknown;
}

/** What Redis says of one writer. */
interface Progress {
  readonly generation: number;
  /** Number of the newest chunk that is in the queues; 0: none. */
  readonly chunk: number;
}

/** Keys of one stage of one job. */
export const keysOf = (prefix: string, { jobId, stage }: JobIdentity) => {
  const all = `${prefix}:millrace:${jobId}:${stage}:`;
  return {
    all,
    progress: (writer: number) => `${all}progress:${writer}`,
    numbers: (writer: number) => `${all}numbers:${writer}`,
    waiting: (writer: number) => `${all}waiting:${writer}`,
  };
};

/** The Redis of the queues, as one execution of one stage sees it. */
export class JobStore {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #job: JobIdentity;
  readonly #generation: number;
  readonly #options: JobsOptions;
  readonly #keys: ReturnType<typeof keysOf>;
  readonly #queues = new Map<string, Queue>();

  constructor(
    redis: Redis,
    {
      prefix,
      job,
      generation,
      options,
    }: { prefix: string; job: JobIdentity; generation: number; options: JobsOptions },
  ) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#job = job;
    this.#generation = generation;
    this.#options = options;
    this.#keys = keysOf(prefix, job);
  }

  /**
   * From now on older executions can add nothing as this writer.
   * @returns number of the newest chunk that is in the queues
   * @throws MillraceError `bullmq.fenced`
   */
  claim(writer: number): Promise<number> {
    return this.#change(writer, 'take the job over', ({ chunk }) => ({ chunk, jobs: [] }));
  }

  /** @throws MillraceError `bullmq.fenced` when a newer execution has begun */
  async check(writer: number): Promise<void> {
    await this.#progress(writer).catch((error: unknown) => {
      throw redisError(error, 'look for a newer execution');
    });
  }

  /** Keeps a chunk out of sight. @returns its number; they only grow */
  async wait(writer: number, jobs: readonly NewJob[]): Promise<number> {
    try {
      const chunk = await this.#redis.incr(this.#keys.numbers(writer));
      await this.#redis.hset(this.#keys.waiting(writer), String(chunk), JSON.stringify(jobs));
      return chunk;
    } catch (error) {
      throw redisError(error, 'write rows');
    }
  }

  /** Adds the jobs of a chunk, unless they are added. @throws MillraceError `bullmq.fenced`, `bullmq.prepared_lost` */
  async show(writer: number, chunk: number): Promise<void> {
    const text = await this.#redis.hget(this.#keys.waiting(writer), String(chunk)).catch((error: unknown) => {
      throw redisError(error, 'read rows');
    });
    await this.#change(writer, 'add jobs', (known) => {
      if (chunk <= known.chunk) return { chunk: known.chunk, jobs: [] };
      if (text === null) throw preparedLost(this.#keys.waiting(writer), chunk);
      return { chunk, jobs: JSON.parse(text) as NewJob[] };
    });
  }

  /** Removes waiting chunks of a writer: those, or all. */
  async remove(writer: number, chunks?: readonly number[]): Promise<void> {
    const key = this.#keys.waiting(writer);
    const removing = chunks === undefined ? this.#redis.del(key) : this.#redis.hdel(key, ...chunks.map(String));
    await removing.catch((error: unknown) => {
      throw redisError(error, 'remove rows');
    });
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#queues.values(), (queue) => queue.close().catch(() => {})));
    this.#redis.disconnect();
  }

  async #progress(writer: number): Promise<Progress> {
    const text = await this.#redis.get(this.#keys.progress(writer));
    const found = text === null ? { generation: 0, chunk: 0 } : (JSON.parse(text) as Progress);
    if (found.generation > this.#generation) throw this.#fenced(found.generation);
    return found;
  }

  /** Jobs and progress in one transaction, which is refused when the progress was changed meanwhile. @returns the chunk before */
  async #change(
    writer: number,
    what: string,
    next: (known: Progress) => { readonly chunk: number; readonly jobs: readonly NewJob[] },
  ): Promise<number> {
    try {
      // The execution before may be at its last commit when a newer one takes over.
      for (let tries = 0; tries < TRIES_MAX; tries++) {
        await this.#redis.watch(this.#keys.progress(writer));
        const known = await this.#progress(writer);
        if (await this.#apply(writer, what, next(known))) return known.chunk;
      }
      throw this.#fenced(undefined);
    } catch (error) {
      throw redisError(error, what);
    }
  }

  /** @returns `false` when what is watched was changed meanwhile: then nothing is done */
  async #apply(
    writer: number,
    what: string,
    { chunk, jobs }: { readonly chunk: number; readonly jobs: readonly NewJob[] },
  ): Promise<boolean> {
    const transaction = jobs.length === 0 ? this.#redis.multi() : await this.#transaction(jobs[0]!.queue);
    for (const [index, { queue, name, data }] of jobs.entries()) {
      const id = `${this.#job.jobId}-${this.#job.stage}-${writer}-${chunk}-${index}`;
      const job = new Job(await this.#queue(queue), name, data, { ...this.#options, jobId: id }, id);
      await job.addJob(transaction as never);
    }
    const progress: Progress = { generation: this.#generation, chunk };
    transaction.set(this.#keys.progress(writer), JSON.stringify(progress));
    const answers = await transaction.exec();
    const refused = answers?.find(([error]) => error !== null)?.[0];
    if (refused != null) throw new MillraceError(Refused, { message: `can't ${what}: ${refused.message}` });
    return answers !== null;
  }

  /** On the connection that watches, and as BullMQ wants it. */
  async #transaction(queue: string): Promise<ChainableCommander> {
    const client = await (await this.#queue(queue)).backend.client;
    return client.multi() as unknown as ChainableCommander;
  }

  async #queue(name: string): Promise<Queue> {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new Queue(name, { connection: this.#redis, prefix: this.#prefix });
      this.#queues.set(name, queue);
      await queue.waitUntilReady();
    }
    return queue;
  }

  #fenced(newest: number | undefined): MillraceError {
    return new MillraceError(Fenced, {
      message: `execution ${newest ?? 'unknown'} fills these queues now, and this is ${this.#generation}`,
      mend: 'Nothing: the newer execution goes on.',
    });
  }
}

const preparedLost = (key: string, chunk: number): MillraceError =>
  new MillraceError(PreparedLost, {
    message: `rows that the commit needs are gone: ${chunk} of ${key}`,
    mend: 'Somebody removed them, or Redis forgot them (appendonly, maxmemory-policy). Start the job anew with an initial load.',
  });
