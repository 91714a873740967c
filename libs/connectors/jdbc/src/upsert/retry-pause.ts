import type { ProcessorContext } from '@millrace/engine';
import type { UpsertOptions } from './upsert.processor.ts';

const BACKOFF_MS_MAX = 30_000;

/** Before retry 0, 1, …: doubled each time, and never quite the same, so that two that block each other do not meet again. */
export const pauseBetween =
  ({ refusals, random }: UpsertOptions, { clock, signal }: ProcessorContext) =>
  async (retry: number): Promise<void> => {
    const pauseMs = Math.min(refusals!.backoffMs * 2 ** retry, BACKOFF_MS_MAX);
    await clock.sleep(pauseMs * (0.5 + random.next()), signal);
  };
