import {
  EXECUTION_QUEUE,
  EXECUTION_TASK,
  type ExecutionTask,
  POKE_CHANNEL,
  executionTaskId,
  figuresKey,
} from '@millrace/cluster';
import { MillraceError } from '@millrace/kernel';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { RedisUnavailable } from '../http/errors.ts';

/** What the api tells members about jobs, and what they tell about them. The catalog is the truth: a message that gets lost only costs time. */
export class Executions implements AsyncDisposable {
  readonly #redis: Redis;
  readonly #queue: Queue<ExecutionTask>;
  readonly #log: Logger;

  constructor(redis: Redis, log: Logger) {
    this.#redis = redis;
    this.#log = log;
    this.#queue = new Queue<ExecutionTask>(EXECUTION_QUEUE, { connection: redis });
    // The connection itself reports; BullMQ says the same again.
    this.#queue.on('error', () => {});
  }

  /**
   * Puts an execution of the job on the queue. Twice with the same `attempt` is once.
   * Never fails: a member that finds a job without an execution starts one.
   */
  async submit(jobId: string, attempt: number): Promise<void> {
    const options = { jobId: executionTaskId(jobId, attempt), removeOnComplete: true, removeOnFail: true };
    await this.#try(jobId, () => this.#queue.add(EXECUTION_TASK, { jobId }, options));
  }

  /** Asks members to look at the job's desired state now. Never fails: they look every few seconds anyway. */
  async poke(jobId: string): Promise<void> {
    await this.#try(jobId, () => this.#redis.publish(POKE_CHANNEL, jobId));
  }

  /** The figures a member wrote within the last seconds. @throws MillraceError `redis.unavailable` */
  async figures(jobId: string): Promise<unknown> {
    const text = await this.#redis.get(figuresKey(jobId)).catch((error: unknown) => {
      throw unavailable(error);
    });
    return text === null ? undefined : JSON.parse(text);
  }

  /** @throws MillraceError `redis.unavailable` */
  async ping(): Promise<void> {
    await this.#redis.ping().catch((error: unknown) => {
      throw unavailable(error);
    });
  }

  async #try(jobId: string, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#log.warn({ jobId, err: error }, 'a message to the workers was lost; they look at the job by themselves');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.close().catch(() => {});
    this.#redis.disconnect();
  }
}

const unavailable = (cause: unknown): MillraceError =>
  new MillraceError(
    RedisUnavailable,
    { message: 'Redis does not answer', mend: 'Try again; if it stays, look at the server MILLRACE_REDIS_URL names.' },
    { cause },
  );
