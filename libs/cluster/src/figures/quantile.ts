import { DURATION_BOUNDS_MS, type DurationCounts } from '@millrace/engine';

/** What has been counted since `before`. */
export const countsSince = (now: DurationCounts, before: DurationCounts | undefined): number[] =>
  now.map((count, index) => count - (before?.[index] ?? 0));

/**
 * The duration that a share `q` of those counted does not exceed, by linear interpolation within its class as Prometheus does it; at most a
 * quarter off. `undefined` of nothing. https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
export function quantile(counts: DurationCounts, q: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = q * total;
  let below = 0;
  for (let index = 0; index < DURATION_BOUNDS_MS.length; index++) {
    const count = counts[index]!;
    if (below + count >= rank && count > 0) {
      const from = index === 0 ? 0 : DURATION_BOUNDS_MS[index - 1]!;
      return from + ((DURATION_BOUNDS_MS[index]! - from) * (rank - below)) / count;
    }
    below += count;
  }
  return DURATION_BOUNDS_MS.at(-1)!;
}
