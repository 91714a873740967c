import type { Clock } from '@millrace/kernel';

/** What an asynchronous stage calls: a client, a pool, a model. One for each instance of the stage (Jet's ServiceFactory). */
export interface ServiceDefinition<Service> {
  readonly create: (context: ServiceContext) => Service | Promise<Service>;
  readonly destroy?: ((service: Service) => void | Promise<void>) | undefined;
}

export interface ServiceContext {
  readonly jobName: string;
  readonly vertex: string;
  readonly globalIndex: number;
  readonly totalParallelism: number;
  readonly clock: Clock;
  /** Aborted when the execution stops. */
  readonly signal: AbortSignal;
}

export interface AsyncCallOptions {
  /** Calls under way at one time in one instance. Default 16. */
  readonly concurrency?: number | undefined;
  /** Results in the order of the rows; `false`: as they come, but never across a watermark. Default `true`. */
  readonly isOrdered?: boolean | undefined;
  /** A call without an answer for so long has failed. Default 10 s. */
  readonly timeoutMs?: number | undefined;
  /** How often a failed call is repeated before the job fails. Default 3. */
  readonly retries?: number | undefined;
  /** Pause before the first repetition, doubled each time. Default 100 ms. */
  readonly backoffMs?: number | undefined;
}

/** The longest pause between two attempts. */
export const BACKOFF_MS_MAX = 30_000;

export const asyncDefaults = {
  concurrency: 16,
  isOrdered: true,
  timeoutMs: 10_000,
  retries: 3,
  backoffMs: 100,
} as const satisfies Required<AsyncCallOptions>;
