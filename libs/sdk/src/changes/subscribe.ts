import { ulid } from 'ulid';
import type { ApiProblem } from '../client/api-problem.ts';
import { Connection, type ConnectionOptions } from '../client/connection.ts';
import type { AnyRow, Change } from './change.ts';
import { type Delivered, Subscriber } from './subscriber.ts';

export interface SubscribeOptions extends ConnectionOptions {
  /** Name of the subscription. */
  readonly subscription: string;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
}

/** A change with its receipt. */
export interface ReceivedChange<Row = AnyRow> {
  readonly change: Change<Row>;
  /** The change is handled. What is not acknowledged when the iteration ends comes again. */
  readonly ack: () => void;
}

/**
 * The changes of a subscription, in the order of each key. Without an `ack` for a while no more come: the api keeps a window of 1,000.
 * @throws ApiProblem when the api refuses the subscription; what passes is waited for
 */
export async function* subscribe<Row = AnyRow>({
  subscription,
  signal,
  ...options
}: SubscribeOptions): AsyncGenerator<ReceivedChange<Row>, void> {
  const received: Delivered[] = [];
  let refusal: ApiProblem | undefined;
  let notify = (): void => {};
  const subscriber = new Subscriber({
    connection: new Connection(options),
    subscription,
    instance: ulid(),
    random: Math.random,
    take(delivered) {
      received.push(delivered);
      notify();
    },
    onProblem(problem) {
      if (problem !== undefined && !problem.isPassing) refusal = problem;
      notify();
    },
  });
  const end = (): void => notify();
  signal?.addEventListener('abort', end, { once: true });
  subscriber.start();
  try {
    while (signal?.aborted !== true) {
      if (refusal !== undefined) throw refusal;
      const delivered = received.shift();
      if (delivered === undefined) {
        const { promise, resolve } = Promise.withResolvers<void>();
        notify = resolve;
        await promise;
      } else if (delivered.isWanted()) {
        delivered.begin();
        let isDone = false;
        yield {
          change: delivered.change as Change<Row>,
          ack: () => {
            if (!isDone) delivered.end(true);
            isDone = true;
          },
        };
      }
    }
  } finally {
    signal?.removeEventListener('abort', end);
    await subscriber.leave();
  }
}
