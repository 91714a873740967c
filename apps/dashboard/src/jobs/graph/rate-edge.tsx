import { BaseEdge, type EdgeProps, getBezierPath } from '@xyflow/react';
import { memo } from 'react';
import styles from './graph.module.css';

/** An edge with its rate. Its text is not measured to be drawn, as that of the library is: with many edges measuring took most of a frame. */
export const RateEdge = memo(function RateEdge(props: EdgeProps) {
  const { sourceX, sourceY, sourcePosition, targetX, targetY, targetPosition, label, style, markerEnd } = props;
  const [path, x, y] = getBezierPath({ sourceX, sourceY, sourcePosition, targetX, targetY, targetPosition });
  return (
    <>
      <BaseEdge
        path={path}
        interactionWidth={0}
        {...(style === undefined ? {} : { style })}
        {...(markerEnd === undefined ? {} : { markerEnd })}
      />
      {label !== undefined && label !== '' && (
        <text className={styles['rate']} x={x} y={y} dy="0.32em">
          {label}
        </text>
      )}
    </>
  );
});
