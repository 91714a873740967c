import type { Key } from './key.ts';

/**
 * A window of event time. `tumbling` is `sliding` with a slide of its own size. A window is `[start, end)`, aligned to the epoch;
 * a session ends `gapMs` after its last row. `earlyMs`: also unfinished results, that often by the wall clock.
 */
export type WindowDefinition =
  | {
      readonly kind: 'sliding';
      readonly sizeMs: number;
      /** Divides `sizeMs`. */
      readonly slideMs: number;
      readonly earlyMs?: number | undefined;
      /** A global window without rows still yields its result (of no rows), so that no point in time is skipped. */
      readonly emitsEmpty?: boolean | undefined;
    }
  | { readonly kind: 'session'; readonly gapMs: number; readonly earlyMs?: number | undefined };

/** Jet's KeyedWindowResult. Its event time is `end - 1`: the last moment that belongs to the window. */
export interface KeyedWindowResult<K extends Key, Result> {
  readonly start: number;
  readonly end: number;
  readonly key: K;
  readonly result: Result;
  /** An unfinished result; another for the same window follows. Absent on the final one. */
  readonly isEarly?: true | undefined;
}

/** Result of a window that is not keyed. */
export type WindowResult<Result> = Omit<KeyedWindowResult<never, Result>, 'key'>;
