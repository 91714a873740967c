import dagre from '@dagrejs/dagre';
import type { Plan } from '../../api/plan.ts';

export const VERTEX_WIDTH = 208;
export const VERTEX_HEIGHT = 62;
const GAP_ACROSS = 28;
const GAP_ALONG = 64;

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Where each vertex stands: sources at the left (or the top, on a phone), so that rows flow as one reads. */
export function layoutOf(plan: Plan, direction: 'LR' | 'TB'): ReadonlyMap<string, Place> {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: direction, nodesep: GAP_ACROSS, ranksep: direction === 'LR' ? GAP_ALONG : GAP_ALONG / 2 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { name } of plan.vertices) graph.setNode(name, { width: VERTEX_WIDTH, height: VERTEX_HEIGHT });
  for (const { from, to } of plan.edges) graph.setEdge(from, to);
  dagre.layout(graph);
  return new Map(
    plan.vertices.map(({ name }) => {
      const { x, y } = graph.node(name);
      return [name, { x: x - VERTEX_WIDTH / 2, y: y - VERTEX_HEIGHT / 2 }];
    }),
  );
}
