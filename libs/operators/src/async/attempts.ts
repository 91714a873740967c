import { type Clock, errorCode, MillraceError } from '@millrace/kernel';
import { BACKOFF_MS_MAX } from './async-options.ts';

export const AsyncCallFailed = errorCode('operators.async_call_failed', {
  domain: 'external',
  retry: 'later',
  title: 'A call of an asynchronous stage failed every time',
  ofRecord: true,
});

export interface AttemptOptions {
  readonly clock: Clock;
  /** Aborted when the execution stops. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly backoffMs: number;
  /** The stage, for the message. */
  readonly stage: string;
}

/**
 * Calls until an attempt succeeds, with a pause that doubles. Each attempt gets a signal that is aborted when its time is up.
 * @throws MillraceError `operators.async_call_failed` after the last attempt
 */
export async function attempt<T>(
  call: (signal: AbortSignal) => T | Promise<T>,
  { clock, signal, timeoutMs, retries, backoffMs, stage }: AttemptOptions,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await withTimeout(call, clock, signal, timeoutMs);
    } catch (error) {
      signal.throwIfAborted();
      if (failures < retries) {
        await clock.sleep(Math.min(backoffMs * 2 ** failures, BACKOFF_MS_MAX), signal);
        continue;
      }
      throw new MillraceError(
        AsyncCallFailed,
        {
          message: `a call of ${stage} failed ${failures + 1} times, at last with: ${error instanceof Error ? error.message : String(error)}`,
          mend: 'Look whether the service answers; give the stage more retries or a longer timeout if it only is slow.',
          details: { stage, attempts: failures + 1 },
        },
        { cause: error },
      );
    }
  }
}

async function withTimeout<T>(
  call: (signal: AbortSignal) => T | Promise<T>,
  clock: Clock,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<T> {
  const own = new AbortController();
  const both = AbortSignal.any([signal, own.signal]);
  const stopped = Promise.withResolvers<never>();
  both.addEventListener('abort', () => stopped.reject(both.reason), { once: true });
  // Nobody may be waiting any more when it is rejected.
  stopped.promise.catch(() => undefined);
  const cancel = clock.timer(timeoutMs, () => own.abort(new Error(`no answer within ${timeoutMs} ms`)));
  try {
    return await Promise.race([call(both), stopped.promise]);
  } finally {
    cancel();
  }
}
