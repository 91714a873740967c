import type { InstanceMetrics } from '@millrace/engine';

/** Gauges that say how far behind something is: the worst instance counts, not the sum. */
const isGaugeOfTheWorst = (name: string): boolean => /Ms$|^lag/.test(name);

/** One entry for each vertex, its instances summed. `globalIndex` is -1. */
export function sumPerVertex(instances: readonly InstanceMetrics[]): InstanceMetrics[] {
  const sums = new Map<string, InstanceMetrics>();
  for (const instance of instances) {
    const sum = sums.get(instance.vertex);
    const custom: Record<string, number> = { ...sum?.custom };
    for (const [name, value] of Object.entries(instance.custom)) {
      const before = custom[name];
      if (before === undefined) custom[name] = value;
      else custom[name] = isGaugeOfTheWorst(name) ? Math.max(before, value) : before + value;
    }
    sums.set(instance.vertex, {
      vertex: instance.vertex,
      globalIndex: -1,
      rowsIn: (sum?.rowsIn ?? 0) + instance.rowsIn,
      rowsOut: (sum?.rowsOut ?? 0) + instance.rowsOut,
      busyMs: (sum?.busyMs ?? 0) + instance.busyMs,
      custom,
    });
  }
  return [...sums.values()];
}
