import type { DurationCounts, InstanceMetrics } from '@millrace/engine';

/** Gauges that say how far behind something is: the worst instance counts, not the sum. */
const isGaugeOfTheWorst = (name: string): boolean => /Ms$|^lag/.test(name);

/** Instances of one vertex together. */
export interface VertexSum {
  readonly vertex: string;
  instances: number;
  rowsIn: number;
  rowsOut: number;
  busyMs: number;
  blockedMs: number;
  /** Of the instance that is furthest behind; `undefined` unless all have one. */
  watermarkMs: number | undefined;
  readonly custom: Record<string, number>;
}

/** Queues and rows of one edge together. */
export interface EdgeSum {
  rows: number;
  queuedRows: number;
  queueRowsMax: number;
  fill: number;
}

/** One entry for each vertex, in the order of the first instance of each. */
export function sumPerVertex(instances: readonly InstanceMetrics[]): VertexSum[] {
  const sums = new Map<string, VertexSum>();
  for (const instance of instances) {
    let sum = sums.get(instance.vertex);
    if (sum === undefined) {
      const { vertex, watermarkMs } = instance;
      sum = { vertex, instances: 0, rowsIn: 0, rowsOut: 0, busyMs: 0, blockedMs: 0, watermarkMs, custom: {} };
      sums.set(vertex, sum);
    }
    add(sum, instance);
  }
  return [...sums.values()];
}

function add(sum: VertexSum, instance: InstanceMetrics): void {
  sum.instances += 1;
  sum.rowsIn += instance.rowsIn;
  sum.rowsOut += instance.rowsOut;
  sum.busyMs += instance.busyMs;
  sum.blockedMs += instance.blockedMs;
  const { watermarkMs } = instance;
  sum.watermarkMs =
    watermarkMs === undefined || sum.watermarkMs === undefined ? undefined : Math.min(sum.watermarkMs, watermarkMs);
  for (const [name, value] of Object.entries(instance.custom)) {
    const before = sum.custom[name];
    if (before === undefined) sum.custom[name] = value;
    else sum.custom[name] = isGaugeOfTheWorst(name) ? Math.max(before, value) : before + value;
  }
}

/** By number of the edge. */
export function sumPerEdge(instances: readonly InstanceMetrics[]): Map<number, EdgeSum> {
  const sums = new Map<number, EdgeSum>();
  const sumOf = (edge: number): EdgeSum => {
    const known = sums.get(edge);
    if (known !== undefined) return known;
    const sum = { rows: 0, queuedRows: 0, queueRowsMax: 0, fill: 0 };
    sums.set(edge, sum);
    return sum;
  };
  for (const { out, queues } of instances) {
    for (const { edge, rows } of out) sumOf(edge).rows += rows;
    for (const { edge, rows, rowsMax, fill } of queues) {
      const sum = sumOf(edge);
      sum.queuedRows += rows;
      sum.queueRowsMax += rowsMax;
      sum.fill = Math.max(sum.fill, fill);
    }
  }
  return sums;
}

/** How often each class of duration was counted under this name, all instances together; `undefined` when nobody counted. */
export function sumDurations(instances: readonly InstanceMetrics[], name: string): DurationCounts | undefined {
  let sum: number[] | undefined;
  for (const { durations } of instances) {
    const counts = durations[name];
    if (counts === undefined) continue;
    if (sum === undefined) sum = [...counts];
    else for (let index = 0; index < counts.length; index++) sum[index]! += counts[index]!;
  }
  return sum;
}
