import { errorCode, MillraceError } from '@millrace/kernel';
import type { SessionWindow, SlidingWindow } from '@millrace/operators';

export const WindowInvalid = errorCode('pipeline.window_invalid', {
  domain: 'user',
  retry: 'never',
  title: 'A window has an impossible size',
});

export interface WindowOptions {
  /** Emit unfinished results that often, milliseconds by the wall clock. */
  readonly earlyMs?: number | undefined;
  /** A window that is not keyed yields a result also when it has no rows. */
  readonly emitsEmpty?: boolean | undefined;
}

/** Windows that follow each other without gaps: [0, size), [size, 2 · size), … Milliseconds of event time, aligned to the epoch. */
export const tumbling = (sizeMs: number, options: WindowOptions = {}): SlidingWindow =>
  sliding(sizeMs, sizeMs, options);

/** Windows of `sizeMs` that begin every `slideMs`; the slide divides the size. */
export function sliding(sizeMs: number, slideMs: number, options: WindowOptions = {}): SlidingWindow {
  const isPossible = [sizeMs, slideMs].every((ms) => Number.isInteger(ms) && ms > 0) && sizeMs % slideMs === 0;
  if (!isPossible) {
    throw new MillraceError(WindowInvalid, {
      message: `a window of ${sizeMs} ms cannot slide by ${slideMs} ms`,
      mend: 'Give whole milliseconds, and a slide that divides the size, such as sliding(10_000, 1_000).',
    });
  }
  return { kind: 'sliding', sizeMs, slideMs, ...options };
}

/** Windows of activity: rows of a key that follow each other at less than `gapMs` of event time. */
export function session(gapMs: number, { earlyMs }: Pick<WindowOptions, 'earlyMs'> = {}): SessionWindow {
  if (!Number.isInteger(gapMs) || gapMs <= 0) {
    throw new MillraceError(WindowInvalid, {
      message: `sessions cannot be ${gapMs} ms apart`,
      mend: 'Give whole milliseconds, such as session(30_000).',
    });
  }
  return { kind: 'session', gapMs, earlyMs };
}
