/**
 * Counts of microseconds, exact below 1,024 and within 0.2 % above (as the yardstick's, which keeps three digits). Plain memory, so that
 * it can be shared between threads.
 */
const SUB_BITS = 10;
const HALF = 1 << (SUB_BITS - 1);
const MICROSECONDS_MAX = 2 ** 30 - 1;

export const HISTOGRAM_BUCKETS = HALF * (30 - SUB_BITS + 2);

export function bucketOf(microseconds: number): number {
  const us = Math.min(Math.max(0, Math.floor(microseconds)), MICROSECONDS_MAX);
  const shift = Math.max(0, 32 - SUB_BITS - Math.clz32(us));
  return shift * HALF + (us >>> shift);
}

/** The greatest value that falls into a bucket. */
function upperBound(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / HALF) - 1);
  return ((bucket - shift * HALF + 1) << shift) - 1;
}

/** In microseconds; `percent` of all values are not above it. */
export function percentile(buckets: Int32Array, percent: number): number {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  const wanted = Math.max(1, Math.ceil((total * percent) / 100));
  let seen = 0;
  for (let bucket = 0; bucket < buckets.length; bucket++) {
    seen += buckets[bucket]!;
    if (seen >= wanted) return upperBound(bucket);
  }
  return 0;
}
