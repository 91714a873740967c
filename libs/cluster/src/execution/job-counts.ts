import { addCounts, countRows, type InstanceMetrics, type RowCounts, type VertexState } from '@millrace/engine';

/** Rows of each vertex of a job since it was submitted, over all its executions, up to a committed snapshot. In the order of the DAG. */
export type JobCounts = readonly (RowCounts & { readonly vertex: string })[];

/** A saved state whose counts go on from those of the snapshot that was restored. */
export function countOn(saved: readonly VertexState[], restored: JobCounts): readonly VertexState[] {
  const before = new Map(restored.map((counts) => [counts.vertex, counts]));
  return saved.map((state) => ({
    ...state,
    counts: state.counts && addCounts(state.counts, before.get(state.vertex)),
  }));
}

/** Vertices that nobody counted (a state of an older version) are left out. */
export const countsOf = (state: readonly VertexState[]): JobCounts =>
  state.flatMap(({ vertex, counts }) => (counts === undefined ? [] : [{ vertex, ...counts }]));

/** Of an execution without snapshots: all it has done. */
export function countsOfInstances(instances: readonly InstanceMetrics[]): JobCounts {
  const sums = new Map<string, RowCounts>();
  for (const { vertex, rowsIn, rowsOut, custom } of instances) {
    const counts = countRows(rowsIn, rowsOut, new Map(Object.entries(custom)));
    sums.set(vertex, addCounts(counts, sums.get(vertex)));
  }
  return [...sums].map(([vertex, counts]) => ({ vertex, ...counts }));
}
