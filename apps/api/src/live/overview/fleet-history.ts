import type { HistoryPoint } from '@millrace/cluster';

export type FleetPoint = Pick<HistoryPoint, 'at' | 'inPerSecond' | 'outPerSecond' | 'lagMs' | 'lagP99Ms'>;

/** Points of several jobs that fall into the same ten seconds are put together. */
const STEP_MS = 10_000;

const most = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b));

/** All jobs together: rates summed, the lag of the job that was furthest behind. The oldest first. */
export function fleetHistory(histories: readonly (readonly HistoryPoint[])[]): readonly FleetPoint[] {
  const points = new Map<number, FleetPoint>();
  for (const history of histories) {
    for (const { at: exactly, inPerSecond, outPerSecond, lagMs, lagP99Ms } of history) {
      const at = Math.floor(exactly / STEP_MS) * STEP_MS;
      const sum = points.get(at) ?? { at, inPerSecond: 0, outPerSecond: 0, lagMs: null, lagP99Ms: null };
      points.set(at, {
        at,
        inPerSecond: (sum.inPerSecond ?? 0) + (inPerSecond ?? 0),
        outPerSecond: (sum.outPerSecond ?? 0) + (outPerSecond ?? 0),
        lagMs: most(sum.lagMs, lagMs),
        lagP99Ms: most(sum.lagP99Ms, lagP99Ms),
      });
    }
  }
  return [...points.values()].sort((a, b) => a.at - b.at);
}
