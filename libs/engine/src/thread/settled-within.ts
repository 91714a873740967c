import type { Clock } from '@millrace/kernel';

/** Waits until the promise is settled, but no longer than `durationMs`; says whether it was. */
export function settledWithin(clock: Clock, durationMs: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.timer(durationMs, () => resolve(false));
    const settled = () => {
      cancel();
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
