import type { AggregateOperation1 } from '../contract/aggregate-operation.ts';

/** Sums over points, relative to an origin near them. */
export interface TrendAccumulator {
  count: number;
  originX: number;
  originY: number;
  sumX: number;
  sumY: number;
  sumXX: number;
  sumXY: number;
}

/**
 * Slope of the straight line that fits the points best (ordinary least squares), `NaN` for less than two different `x`: with `x` a time and
 * `y` a place it is a velocity. Sums are kept relative to the first point, because times since 1970 squared would leave no digits for
 * the differences (shifted data: Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983).
 */
export function linearTrend<Row>(
  x: (row: Row) => number,
  y: (row: Row) => number,
): AggregateOperation1<Row, TrendAccumulator, number> {
  return {
    create: () => ({ count: 0, originX: 0, originY: 0, sumX: 0, sumY: 0, sumXX: 0, sumXY: 0 }),
    accumulate: [
      (trend, row) => {
        const [pointX, pointY] = [x(row), y(row)];
        if (trend.count === 0) Object.assign(trend, { originX: pointX, originY: pointY });
        const dx = pointX - trend.originX;
        const dy = pointY - trend.originY;
        trend.count += 1;
        trend.sumX += dx;
        trend.sumY += dy;
        trend.sumXX += dx * dx;
        trend.sumXY += dx * dy;
        return trend;
      },
    ],
    combine: (left, right) => {
      if (right.count === 0) return left;
      return left.count === 0 ? { ...right } : add(left, shifted(right, left.originX, left.originY), 1);
    },
    deduct: (left, right) => (right.count === 0 ? left : add(left, shifted(right, left.originX, left.originY), -1)),
    finish: ({ count, sumX, sumY, sumXX, sumXY }) => {
      const spread = count * sumXX - sumX * sumX;
      return spread === 0 ? Number.NaN : (count * sumXY - sumX * sumY) / spread;
    },
  };
}

/** The same points relative to another origin. */
function shifted(trend: TrendAccumulator, originX: number, originY: number): TrendAccumulator {
  const dx = trend.originX - originX;
  const dy = trend.originY - originY;
  const { count, sumX, sumY, sumXX, sumXY } = trend;
  return {
    count,
    originX,
    originY,
    sumX: sumX + count * dx,
    sumY: sumY + count * dy,
    sumXX: sumXX + 2 * dx * sumX + count * dx * dx,
    sumXY: sumXY + dy * sumX + dx * sumY + count * dx * dy,
  };
}

function add(left: TrendAccumulator, right: TrendAccumulator, sign: 1 | -1): TrendAccumulator {
  left.count += sign * right.count;
  left.sumX += sign * right.sumX;
  left.sumY += sign * right.sumY;
  left.sumXX += sign * right.sumXX;
  left.sumXY += sign * right.sumXY;
  return left;
}
