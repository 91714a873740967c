import '@xyflow/react/dist/style.css';
import { useComputedColorScheme } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { Background, Controls, type Edge, ReactFlow } from '@xyflow/react';
import { useMemo } from 'react';
import type { Figures, Plan } from '../../api/figures.ts';
import { count } from '../../parts/formats.ts';
import styles from './graph.module.css';
import { layoutOf, VERTEX_HEIGHT, VERTEX_WIDTH } from './layout.ts';
import { VertexBox, type VertexNode } from './vertex-node.tsx';

const FRAME_HEIGHT_MIN = 180;
const FRAME_MARGIN = 72;

const NODE_TYPES = { vertex: VertexBox };

export interface GraphProps {
  readonly plan: Plan;
  readonly figures: Figures | null;
  readonly onChoose: (vertex: string) => void;
}

/** As high as the graph needs, within reason. */
function heightOf(places: ReadonlyMap<string, { readonly y: number }>, direction: 'LR' | 'TB'): string {
  const lowest = Math.max(0, ...[...places.values()].map(({ y }) => y)) + VERTEX_HEIGHT + FRAME_MARGIN;
  return `min(${direction === 'LR' ? '62vh' : '75vh'}, ${Math.max(FRAME_HEIGHT_MIN, lowest)}px)`;
}

/** The graph of a job. It is drawn once; figures change what is written in it. */
export default function Graph({ plan, figures, onChoose }: GraphProps) {
  const scheme = useComputedColorScheme('light');
  const direction = useMediaQuery('(max-width: 48em)') === true ? 'TB' : 'LR';
  const places = useMemo(() => layoutOf(plan, direction), [plan, direction]);
  const nodes = useMemo(
    () =>
      plan.vertices.map(({ name, parts }): VertexNode => {
        const of = figures?.vertices.find(({ vertex }) => vertex === name);
        const what = parts.map((part) => part.what).join(', ');
        const left = of === undefined ? what : `${count(of.rowsIn)} in`;
        const right = of === undefined ? '' : `${count(of.rowsOut)} out`;
        return {
          id: name,
          type: 'vertex',
          position: places.get(name)!,
          width: VERTEX_WIDTH,
          height: VERTEX_HEIGHT,
          draggable: false,
          focusable: false,
          data: {
            name,
            direction,
            tone: of === undefined ? 'idle' : 'ok',
            left,
            right,
            onChoose,
          },
        };
      }),
    [plan, figures, places, direction, onChoose],
  );
  const edges = useMemo(
    () =>
      plan.edges.map(
        ({ from, to, routing }): Edge => ({
          id: `${from}>${to}`,
          source: from,
          target: to,
          label: routing === 'isolated' ? undefined : routing,
          focusable: false,
        }),
      ),
    [plan],
  );
  return (
    <section className={styles['frame']} aria-label="Graph" style={{ height: heightOf(places, direction) }}>
      <ReactFlow<VertexNode>
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        colorMode={scheme}
        fitView
        fitViewOptions={{ maxZoom: 1.1, padding: 0.12 }}
        minZoom={0.15}
        nodesConnectable={false}
        elementsSelectable={false}
        zoomOnScroll={false}
        preventScrolling={false}
      >
        <Background gap={20} size={1} />
        <Controls showInteractive={false} />
      </ReactFlow>
    </section>
  );
}
