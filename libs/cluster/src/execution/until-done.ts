import { type Clock, MillraceError, type Random } from '@millrace/kernel';
import { backOffMs, WRITE_BACK_OFF } from './back-off.ts';

export interface UntilDone {
  readonly clock: Clock;
  readonly random: Random;
  /** Gives up: the reason is thrown. */
  readonly signal: AbortSignal;
  /** Called for the first failure in a row, and when it works again; not for every retry. */
  readonly onTrouble?: ((error: unknown) => void) | undefined;
  readonly onRecovery?: (() => void) | undefined;
}

/**
 * Does something that may be repeated until it is known to be done: a failure that may pass (also one without a code: a broken connection)
 * is followed by a pause and another try.
 * @throws MillraceError the first failure that trying again cannot help
 */
export async function untilDone<T>(work: () => Promise<T>, options: UntilDone): Promise<T> {
  const { clock, random, signal, onTrouble, onRecovery } = options;
  for (let failures = 0; ; ) {
    signal.throwIfAborted();
    try {
      const result = await work();
      if (failures > 0) onRecovery?.();
      return result;
    } catch (error) {
      if (error instanceof MillraceError && error.code.retry !== 'later') throw error;
      failures += 1;
      if (failures === 1) onTrouble?.(error);
    }
    await clock.sleep(backOffMs(failures, WRITE_BACK_OFF, random), signal);
  }
}
