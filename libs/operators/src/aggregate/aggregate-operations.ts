import { filtering, finishing, flatMapping, mapping, reducing } from './adapters.ts';
import { concatenating, groupingBy, pickAny, toList, toMap, toSet } from './collections.ts';
import { linearTrend } from './linear-trend.ts';
import { averaging, counting, maxOf, minOf, summing, summingBig } from './numbers.ts';
import { bottomN, maxBy, minBy, sorting, topN } from './order.ts';
import { aggregateOperation, allOf, coAggregate } from './together.ts';

/** Ready-made aggregate operations, and the ways to put them together. */
export const AggregateOperations = {
  counting,
  summing,
  summingBig,
  averaging,
  minOf,
  maxOf,
  minBy,
  maxBy,
  topN,
  bottomN,
  sorting,
  linearTrend,
  toList,
  toSet,
  toMap,
  groupingBy,
  concatenating,
  pickAny,
  mapping,
  filtering,
  flatMapping,
  finishing,
  reducing,
  allOf,
  coAggregate,
  aggregateOperation,
} as const;
