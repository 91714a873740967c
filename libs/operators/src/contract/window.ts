import type { Key } from './key.ts';

interface WindowBase {
  /** Also unfinished results, that often by the wall clock. */
  readonly earlyMs?: number | undefined;
}

/** A window of event time, aligned to the epoch; tumbling when it slides by its own size. A window is `[start, end)`. */
export interface SlidingWindow extends WindowBase {
  readonly kind: 'sliding';
  readonly sizeMs: number;
  /** Divides `sizeMs`. */
  readonly slideMs: number;
  /** A window that is not keyed yields its result (of no rows) also when it has none, so that no point in time is skipped. */
  readonly emitsEmpty?: boolean | undefined;
}

/**
 * Rows of one key that follow each other at less than `gapMs`. A session is `[first, last + gap)`; a row between two sessions, less than
 * the gap from both, makes them one.
 */
export interface SessionWindow extends WindowBase {
  readonly kind: 'session';
  readonly gapMs: number;
}

export type WindowDefinition = SlidingWindow | SessionWindow;

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
