import type { EdgeFigures, JobFigures, VertexFigures } from '@millrace/sdk/client';
import { type Edge, MarkerType } from '@xyflow/react';
import type { Plan, PlanEdge, PlanVertex } from '../../api/plan.ts';
import { percent, rate } from '../../parts/formats.ts';
import { pressureTone } from '../pressure.ts';
import { type Place, VERTEX_HEIGHT, VERTEX_WIDTH } from './layout.ts';
import type { VertexNode, VertexNodeData } from './vertex-node.tsx';

/** Rates are worth a wider line from here on, by powers of ten. */
const WIDTH_FROM = 10;

export interface DrawnBefore {
  readonly nodes: readonly VertexNode[];
  readonly edges: readonly Edge[];
}

type Choose = ((vertex: string) => void) | undefined;

/**
 * What React Flow draws. A vertex or edge about which nothing new is to be said is the object it was before, so that only what changed
 * is drawn again.
 */
export function elementsOf(
  plan: Plan,
  figures: JobFigures | null,
  look: { readonly places: ReadonlyMap<string, Place>; readonly direction: 'LR' | 'TB'; readonly onChoose: Choose },
  before: DrawnBefore | undefined,
): DrawnBefore {
  const vertices = new Map(figures?.vertices.map((each) => [each.vertex, each]));
  const edges = new Map(figures?.edges.map((each) => [`${each.from}>${each.to}`, each]));
  const drawn = new Map(before?.nodes.map((node) => [node.id, node]));
  const drawnEdges = new Map(before?.edges.map((edge) => [edge.id, edge]));
  return {
    nodes: plan.vertices.map((vertex) => {
      const data: VertexNodeData = {
        ...vertexTexts(vertex, vertices.get(vertex.name)),
        name: vertex.name,
        direction: look.direction,
        onChoose: look.onChoose,
      };
      const position = look.places.get(vertex.name)!;
      const last = drawn.get(vertex.name);
      return last !== undefined && last.position === position && isSame(last.data, data)
        ? last
        : nodeOf(vertex.name, position, data);
    }),
    edges: plan.edges.map((edge) => {
      const next = edgeOf(edge, edges.get(`${edge.from}>${edge.to}`));
      const last = drawnEdges.get(next.id);
      return last?.label === next.label && last?.style?.strokeWidth === next.style?.strokeWidth ? last! : next;
    }),
  };
}

const isSame = (a: VertexNodeData, b: VertexNodeData): boolean =>
  a.tone === b.tone &&
  a.left === b.left &&
  a.right === b.right &&
  a.onChoose === b.onChoose &&
  a.direction === b.direction;

function vertexTexts(
  vertex: PlanVertex,
  figures: VertexFigures | undefined,
): Pick<VertexNodeData, 'tone' | 'left' | 'right'> {
  if (figures === undefined) return { tone: 'idle', left: vertex.parts.map(({ what }) => what).join(', '), right: '' };
  const { isSink, rowsInPerSecond, rowsOutPerSecond, blocked, busy } = figures;
  return {
    tone: pressureTone(figures),
    left: `${rate(isSink ? rowsInPerSecond : rowsOutPerSecond)} rows/s`,
    right: blocked >= 0.1 ? `waits ${percent(blocked)}` : `busy ${percent(busy)}`,
  };
}

const nodeOf = (id: string, position: Place, data: VertexNodeData): VertexNode => ({
  id,
  type: 'vertex',
  position: position as { x: number; y: number },
  width: VERTEX_WIDTH,
  height: VERTEX_HEIGHT,
  draggable: false,
  focusable: false,
  data,
});

function edgeOf({ from, to, routing }: PlanEdge, figures: EdgeFigures | undefined): Edge {
  const perSecond = figures?.rowsPerSecond ?? 0;
  const queued = figures !== undefined && figures.fill >= 0.5 ? `, queue ${percent(figures.fill)}` : '';
  const kind = routing === 'isolated' ? '' : routing;
  return {
    id: `${from}>${to}`,
    type: 'rate',
    source: from,
    target: to,
    label: figures === undefined ? kind : `${rate(perSecond)}/s${queued}`,
    style: { strokeWidth: perSecond < WIDTH_FROM ? 1.25 : Math.min(5, Math.floor(Math.log10(perSecond)) + 0.5) },
    markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14, markerUnits: 'userSpaceOnUse' },
    focusable: false,
  };
}
