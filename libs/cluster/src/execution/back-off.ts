import type { Random } from '@millrace/kernel';

export interface BackOffLimits {
  readonly delayMsMin: number;
  readonly delayMsMax: number;
}

/** Between attempts of an execution. */
export const ATTEMPT_BACK_OFF: BackOffLimits = { delayMsMin: 200, delayMsMax: 30_000 };
/** Between tries to reach Redis or the metadata database. */
export const WRITE_BACK_OFF: BackOffLimits = { delayMsMin: 50, delayMsMax: 2_000 };

const EXPONENT_MAX = 30;

/**
 * Pause after the `failures`-th failure in a row (1-based): doubling, with "equal jitter", so that jobs that failed together do not come back together.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backOffMs(failures: number, { delayMsMin, delayMsMax }: BackOffLimits, random: Random): number {
  const whole = Math.min(delayMsMax, delayMsMin * 2 ** Math.min(failures - 1, EXPONENT_MAX));
  return whole / 2 + (random.next() * whole) / 2;
}
