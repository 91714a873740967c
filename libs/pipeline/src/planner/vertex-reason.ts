import type { InputRouting } from '../graph/graph-node.ts';

/** Why a stage whose rows come this way has a vertex of its own. */
export function reasonOf(routings: readonly InputRouting[]): string {
  if (routings.some(({ kind }) => kind === 'keyed' || kind === 'partitioned')) return 'rows are partitioned by key';
  if (routings.some(({ kind }) => kind === 'broadcast')) return 'it joins another input';
  return routings.some(({ kind }) => kind === 'one') ? 'all rows meet at one instance' : 'rows are spread anew';
}
