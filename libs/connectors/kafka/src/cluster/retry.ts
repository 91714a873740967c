import { type Clock, MillraceError, type Random } from '@millrace/kernel';
import { codeName } from '../protocol/codes.ts';

const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 1_000;

/** A request that may succeed if it is made again. */
export class Transient extends Error {
  /** @param code of the protocol, or words */
  constructor(code: number | string) {
    super(typeof code === 'number' ? codeName(code) : code);
  }
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Time after which no further attempt is made. */
  readonly withinMs: number;
  /** Of the last attempt's reason, when time is up. */
  readonly giveUp: (reason: string) => MillraceError;
}

/** Makes an attempt again while it ends in `Transient`, with pauses that double, jittered (full jitter of the upper half). */
export async function persist<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, random, signal, withinMs } = options;
  const deadline = clock.monotonicMs() + withinMs;
  for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Transient)) throw error;
      if (clock.monotonicMs() + pauseMs > deadline) throw options.giveUp(error.message);
    }
    await clock.sleep(pauseMs * (0.5 + random.next() / 2), signal);
  }
}
