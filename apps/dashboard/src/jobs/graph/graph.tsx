import '@xyflow/react/dist/style.css';
import { useComputedColorScheme } from '@mantine/core';
import { useElementSize, useMediaQuery } from '@mantine/hooks';
import type { JobFigures } from '@millrace/sdk/client';
import { Background, Controls, ReactFlow, type ReactFlowInstance } from '@xyflow/react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Plan } from '../../api/plan.ts';
import { type DrawnBefore, elementsOf } from './elements.ts';
import styles from './graph.module.css';
import { layoutOf, VERTEX_HEIGHT } from './layout.ts';
import { RateEdge } from './rate-edge.tsx';
import { VertexBox, type VertexNode } from './vertex-node.tsx';

const FRAME_HEIGHT_MIN = 180;
const FRAME_MARGIN = 96;
/** Above it are the buttons. */
const FIT = { maxZoom: 1.1, padding: { top: '52px', right: '28px', bottom: '28px', left: '28px' } } as const;

const NODE_TYPES = { vertex: VertexBox };
const EDGE_TYPES = { rate: RateEdge };

export interface GraphProps {
  readonly plan: Plan;
  readonly figures: JobFigures | null;
  /** The vertex that is looked at: it and those beside it are shown large enough to be read. */
  readonly focus?: string | undefined;
  /** Without it vertices say nothing more when they are pressed. */
  readonly onChoose?: (vertex: string) => void;
}

const around = ({ edges }: Plan, vertex: string): readonly { readonly id: string }[] => [
  { id: vertex },
  ...edges.flatMap(({ from, to }) => (from === vertex ? [{ id: to }] : to === vertex ? [{ id: from }] : [])),
];

/** As high as the graph needs, within reason. */
function heightOf(places: ReadonlyMap<string, { readonly y: number }>, direction: 'LR' | 'TB'): string {
  const lowest = Math.max(0, ...[...places.values()].map(({ y }) => y)) + VERTEX_HEIGHT + FRAME_MARGIN;
  return `min(${direction === 'LR' ? '62vh' : '75vh'}, ${Math.max(FRAME_HEIGHT_MIN, lowest)}px)`;
}

/** The graph of a job. It is laid out once; figures change what is written in it. */
export default function Graph({ plan, figures, focus, onChoose }: GraphProps) {
  const scheme = useComputedColorScheme('light');
  const direction = useMediaQuery('(max-width: 48em)') === true ? 'TB' : 'LR';
  const places = useMemo(() => layoutOf(plan, direction), [plan, direction]);
  const { ref, width } = useElementSize();
  const [flow, setFlow] = useState<ReactFlowInstance<VertexNode>>();
  useEffect(() => {
    if (width === 0) return;
    void flow?.fitView(focus === undefined ? FIT : { ...FIT, maxZoom: 1, nodes: [...around(plan, focus)] });
  }, [flow, width, plan, focus]);
  const before = useRef<DrawnBefore>(undefined);
  const drawn = useMemo(() => {
    before.current = elementsOf(plan, figures, { places, direction, onChoose }, before.current);
    return before.current;
  }, [plan, figures, places, direction, onChoose]);
  return (
    <section ref={ref} className={styles['frame']} aria-label="Graph" style={{ height: heightOf(places, direction) }}>
      <ReactFlow<VertexNode>
        key={`${direction}${plan.vertices.map(({ name }) => name).join()}`}
        nodes={drawn.nodes as VertexNode[]}
        edges={drawn.edges as (typeof drawn.edges)[number][]}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        colorMode={scheme}
        fitView
        fitViewOptions={FIT}
        onInit={setFlow}
        minZoom={0.15}
        nodesConnectable={false}
        elementsSelectable={false}
        zoomOnScroll={false}
        preventScrolling={false}
      >
        <Background gap={20} size={1} />
        <Controls showInteractive={false} orientation="horizontal" position="top-right" />
      </ReactFlow>
    </section>
  );
}
