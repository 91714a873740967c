import { Handle, type Node, type NodeProps, Position } from '@xyflow/react';
import { memo } from 'react';
import type { Tone } from '../../parts/tone.tsx';
import styles from './graph.module.css';

export type VertexNodeData = {
  readonly name: string;
  readonly direction: 'LR' | 'TB';
  readonly tone: Tone;
  /** Under the name, at the left and the right. */
  readonly left: string;
  readonly right: string;
  readonly onChoose: ((name: string) => void) | undefined;
};

export type VertexNode = Node<VertexNodeData, 'vertex'>;

/** A vertex of the graph, coloured by how it goes; a button, so that it is reached by keyboard. */
export const VertexBox = memo(function VertexBox({ data }: NodeProps<VertexNode>) {
  const isAcross = data.direction === 'LR';
  const handle = { isConnectable: false, className: styles['handle']! };
  return (
    <>
      <Handle type="target" position={isAcross ? Position.Left : Position.Top} {...handle} />
      <button
        type="button"
        className={`nopan ${styles['vertex']} ${styles[data.tone]}`}
        disabled={data.onChoose === undefined}
        title={data.name}
        onClick={() => data.onChoose?.(data.name)}
      >
        <span className={styles['name']}>{data.name}</span>
        <span className={styles['figures']}>
          <span>{data.left}</span>
          <span>{data.right}</span>
        </span>
      </button>
      <Handle type="source" position={isAcross ? Position.Right : Position.Bottom} {...handle} />
    </>
  );
});
