import { EXECUTION_QUEUE, EXECUTION_TASK, type ExecutionTask, executionTaskId } from '@millrace/cluster';
import type { IdSource } from '@millrace/kernel';
import { type JobsOptions, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { RunningJobs } from '../jobs/running-jobs.ts';

/** Jobs on one member. */
const EXECUTIONS_MAX = 100;
/** A member that has not renewed for this long is taken for dead; the lock is renewed at half of it. */
const LOCK_MS = 1_000;
const STALLED_CHECK_INTERVAL_MS = 500;
/** A job may move between members as often as it takes. */
const STALLED_MAX = Number.MAX_SAFE_INTEGER;

const TASK_OPTIONS = { removeOnComplete: true, removeOnFail: true } as const satisfies JobsOptions;

export interface QueueParts {
  readonly redis: Redis;
  readonly jobs: RunningJobs;
  readonly ids: IdSource;
  readonly log: Logger;
}

/**
 * Takes executions from the queue. BullMQ's lock renewal and its check for stalled tasks bring a job to another member when this one dies: within 0.7
 * to 1.5 s of a SIGKILL with these settings. A false alarm is harmless: the generation fences the slower one.
 */
export class ExecutionQueue {
  readonly #parts: QueueParts;
  readonly #queue: Queue<ExecutionTask>;
  #worker: Worker<ExecutionTask> | undefined;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.#queue = new Queue<ExecutionTask>(EXECUTION_QUEUE, { connection: parts.redis });
    this.#queue.on('error', () => {});
  }

  start(): void {
    const { redis, log } = this.#parts;
    this.#worker = new Worker<ExecutionTask>(EXECUTION_QUEUE, (task) => this.#handle(task.data.jobId), {
      connection: redis,
      concurrency: EXECUTIONS_MAX,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_INTERVAL_MS,
      maxStalledCount: STALLED_MAX,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    // Redis being away is told by the snapshots' connection, a lost lock by the fence of the execution.
    this.#worker.on('error', (error) => log.debug({ err: error }, 'queue'));
    this.#worker.on('failed', (task, error) => log.error({ jobId: task?.data.jobId, err: error }, 'execution failed'));
  }

  async #handle(jobId: string): Promise<void> {
    const end = await this.#parts.jobs.run(jobId);
    // Another member goes on, or this one when it is back.
    if (end === 'released') await this.add(jobId, this.#parts.ids.next());
  }

  /** Puts an execution on the queue; the same `attempt` twice is once. */
  async add(jobId: string, attempt: string): Promise<void> {
    await this.#queue.add(EXECUTION_TASK, { jobId }, { ...TASK_OPTIONS, jobId: executionTaskId(jobId, attempt) });
  }

  /** Jobs that have a queue task, waiting or being worked on. */
  async jobIds(): Promise<ReadonlySet<string>> {
    const tasks = await this.#queue.getJobs(['active', 'waiting', 'prioritized', 'delayed']);
    return new Set(tasks.flatMap((task) => (task === undefined || task === null ? [] : [task.data.jobId])));
  }

  /** Takes no more tasks for now; one that is on its way may still come. */
  async pause(): Promise<void> {
    await this.#worker?.pause(true);
  }

  async resume(): Promise<void> {
    await this.#worker?.resume();
  }

  /** Takes no more tasks, and resolves when those under way are done. */
  async drain(): Promise<void> {
    await this.#worker?.close();
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}
