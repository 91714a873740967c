import type { Key } from './key.ts';

/**
 * A window of event time, aligned to the epoch; tumbling when it slides by its own size. A window is `[start, end)`. `earlyMs`: also
 * unfinished results, that often by the wall clock.
 */
export interface WindowDefinition {
  readonly kind: 'sliding';
  readonly sizeMs: number;
  /** Divides `sizeMs`. */
  readonly slideMs: number;
  readonly earlyMs?: number | undefined;
  /** A window that is not keyed yields its result (of no rows) also when it has none, so that no point in time is skipped. */
  readonly emitsEmpty?: boolean | undefined;
}

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
