const FIRST_MS = 1;
const GROWTH = 1.25;
const COUNT = 68;

/** Upper bounds of the classes durations are counted in, 1 ms to about 50 minutes, each a quarter longer than the one before. */
export const DURATION_BOUNDS_MS: readonly number[] = Array.from({ length: COUNT }, (_, n) => FIRST_MS * GROWTH ** n);

const LOG_GROWTH = Math.log(GROWTH);

/** Index of the class a duration falls into; the last one has no bound. */
export function durationClass(durationMs: number): number {
  if (!(durationMs > FIRST_MS)) return 0;
  return Math.min(COUNT, Math.ceil(Math.log(durationMs / FIRST_MS) / LOG_GROWTH - 1e-9));
}
