import { once } from 'node:events';
import {
  connectRedis,
  EXECUTION_QUEUE,
  EXECUTION_TASK,
  type ExecutionTask,
  executionTaskId,
  FiguresBoard,
  type JobFigures,
  MemberBoard,
  POKE_CHANNEL,
  RedisSnapshotStore,
  type SnapshotRecord,
  TapBoard,
} from '@millrace/cluster';
import { MillraceError } from '@millrace/kernel';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { RedisUnavailable } from '../http/errors.ts';
import { Samples } from '../live/tail/samples.ts';

const FIRST_CONNECT_MS_MAX = 2_000;

/** What the api tells members about jobs, and what they tell about them. The catalog is the truth: a message that gets lost only costs time. */
export class Executions implements AsyncDisposable {
  /** What members tell about running jobs; wrap its answers in `asked`. */
  readonly board: FiguresBoard;
  /** The workers that are there. */
  readonly members: MemberBoard;
  /** Rows of running jobs, for those who look. */
  readonly samples: Samples;
  readonly #redis: Redis;
  readonly #queue: Queue<ExecutionTask>;
  readonly #snapshots: RedisSnapshotStore;
  readonly #log: Logger;

  private constructor(url: string, redis: Redis, log: Logger) {
    this.#redis = redis;
    this.#log = log;
    this.board = new FiguresBoard(redis);
    this.members = new MemberBoard(redis);
    this.samples = new Samples(url, new TapBoard(redis));
    this.#queue = new Queue<ExecutionTask>(EXECUTION_QUEUE, { connection: redis });
    // The connection itself reports; BullMQ says the same again.
    this.#queue.on('error', () => {});
    this.#snapshots = new RedisSnapshotStore(redis);
  }

  /** Connects; a Redis that is away at the start is logged and waited for in the background, and commands to it fail at once. */
  static async connect(url: string, log: Logger): Promise<Executions> {
    const redis = connectRedis(url, {
      onChange: (isReady, reason) => {
        if (isReady) log.info('Redis is back');
        else log.warn(`Redis is away (${reason}): jobs go on, commands reach them when it is back`);
      },
    });
    const executions = new Executions(url, redis, log);
    await once(redis, 'ready', { signal: AbortSignal.timeout(FIRST_CONNECT_MS_MAX) }).catch(() => {});
    return executions;
  }

  /**
   * Puts an execution of the job on the queue. Twice with the same `attempt` is once.
   * Never fails: a member that finds a job without an execution starts one.
   */
  async submit(jobId: string, attempt: number): Promise<void> {
    const options = { jobId: executionTaskId(jobId, attempt), removeOnComplete: true, removeOnFail: true };
    await this.#tell(jobId, () => this.#queue.add(EXECUTION_TASK, { jobId }, options));
  }

  /** Asks members to look at the job's desired state now. Never fails: they look every few seconds anyway. */
  async poke(jobId: string): Promise<void> {
    await this.#tell(jobId, () => this.#redis.publish(POKE_CHANNEL, jobId));
  }

  /** The figures a member wrote within the last seconds. @throws MillraceError `redis.unavailable` */
  figures(jobId: string): Promise<JobFigures | undefined> {
    return this.asked(this.board.figures(jobId));
  }

  /** Waits for what Redis was asked. @throws MillraceError `redis.unavailable` */
  asked<T>(answer: Promise<T>): Promise<T> {
    return asked(answer);
  }

  /** Snapshots whose state is kept, the newest first. @throws MillraceError `redis.unavailable` */
  retained(jobId: string): Promise<readonly SnapshotRecord[]> {
    return asked(this.#snapshots.records(jobId));
  }

  /** Removes the snapshots of a deleted job. @throws MillraceError `redis.unavailable` */
  async forget(jobId: string): Promise<void> {
    await asked(this.#snapshots.remove(jobId));
    await asked(this.board.forget(jobId));
  }

  /** @throws MillraceError `redis.unavailable` */
  async ping(): Promise<void> {
    await asked(this.#redis.ping());
  }

  async #tell(jobId: string, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#log.warn({ jobId, err: error }, 'a message to the workers was lost; they look at the job by themselves');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.samples.close();
    await this.#queue.close().catch(() => {});
    this.#redis.disconnect();
  }
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    const message = 'Redis does not answer';
    const mend = 'Try again; if it stays, look at the server MILLRACE_REDIS_URL names.';
    throw new MillraceError(RedisUnavailable, { message, mend }, { cause });
  }
}
