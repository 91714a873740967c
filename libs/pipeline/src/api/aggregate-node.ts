import { type AggregateOperation, type KeyOf, layoutOf, type WindowDefinition } from '@millrace/operators';
import type { AggregateNode, GraphNode } from '../graph/graph-node.ts';
import type { PipelineGraph } from '../graph/pipeline-graph.ts';

export interface AggregateParts {
  // biome-ignore lint/suspicious/noExplicitAny: the stage that makes it has checked the types
  readonly operation: AggregateOperation<any, any, any>;
  readonly inputs: readonly GraphNode[];
  readonly keyOfs: readonly KeyOf[] | undefined;
  readonly window: WindowDefinition | undefined;
  readonly hasLateRows?: boolean | undefined;
}

/** The node of an aggregation over one or several inputs. */
export function aggregateNode(graph: PipelineGraph, parts: AggregateParts): AggregateNode {
  const { operation, inputs, keyOfs, window, hasLateRows = false } = parts;
  return {
    kind: 'aggregate',
    name: graph.freeName('aggregate'),
    inputs,
    parallelism: 'threads',
    operation,
    layout: layoutOf(operation, inputs.length),
    keyOfs,
    window,
    hasLateRows,
  };
}
