import { ulid } from 'ulid';
import type { ApiProblem } from '../client/api-problem.ts';
import { Connection, type ConnectionOptions } from '../client/connection.ts';
import type { Change } from './change.ts';
import { type Attempt, HandlerRunner, type RetryPolicy } from './handler-runner.ts';
import { KeyQueues } from './key-queues.ts';
import { Subscriber } from './subscriber.ts';
import { wait } from './wait.ts';

/** How long handlers that run may go on when the service ends. */
const DRAIN_MS_MAX = 30_000;
const CONCURRENCY = 10;

export interface ConsumeOptions extends ConnectionOptions {
  /** Name of the subscription. */
  readonly subscription: string;
  readonly handle: (change: Change, attempt: Attempt) => Promise<void>;
  /** Handlers beside each other in this instance, of different keys. Default 10. */
  readonly concurrency?: number | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** Default 30 s. */
  readonly drainMs?: number | undefined;
  readonly onFailure?:
    | ((failure: { readonly change: Change; readonly attempt: number; readonly error: unknown }) => void)
    | undefined;
  /** The connection to the api is broken or refused, and tried again; `undefined`: all is well again. */
  readonly onProblem?: ((problem: ApiProblem | undefined) => void) | undefined;
}

/** An instance at work. */
export interface Consumer {
  /** Partitions of the subscription that this instance has. */
  readonly partitions: number;
  /** Finishes what runs, acknowledges it, and leaves the rest to others. */
  stop(): Promise<void>;
}

/** Handles the changes of a subscription: those of one key in order, of different keys beside each other, shared with other instances of the service. */
export function consume(options: ConsumeOptions): Consumer {
  const { subscription, handle, concurrency = CONCURRENCY, retry = {}, drainMs = DRAIN_MS_MAX } = options;
  const { onFailure = () => {}, onProblem = () => {} } = options;
  const connection = new Connection(options);
  const shared = { connection, subscription, instance: ulid(), random: Math.random, onProblem };
  const runner = new HandlerRunner({ ...shared, retry, handle, onFailure });
  const queues = new KeyQueues(concurrency, (delivered) => runner.run(delivered));
  const subscriber = new Subscriber({ ...shared, take: (delivered) => queues.add(delivered) });
  subscriber.start();
  let stopping: Promise<void> | undefined;
  return {
    get partitions() {
      return subscriber.partitions;
    },
    stop: () => {
      stopping ??= (async () => {
        subscriber.pause();
        const late = new AbortController();
        await Promise.race([queues.idle(), wait(drainMs, late.signal)]);
        late.abort();
        runner.close();
        await subscriber.leave();
      })();
      return stopping;
    },
  };
}
