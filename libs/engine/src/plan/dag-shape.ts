import { MillraceError } from '@millrace/kernel';
import type { Dag, Edge, Routing } from '../contract/dag.ts';
import { DagInvalid } from '../errors.ts';

/** A DAG without its closures, as a thread describes it to the planner. */
export interface DagShape {
  readonly vertices: readonly VertexShape[];
  readonly edges: readonly EdgeShape[];
}

export interface VertexShape {
  readonly name: string;
  readonly localParallelism: number;
  readonly isCooperative: boolean;
}

export type EdgeShape = Omit<Edge, 'routing'> & { readonly routing: Routing['kind'] };

/**
 * Describes a DAG. One processor of each vertex is made and dropped to see whether it is cooperative: making one has
 * no effects (`init` has).
 */
export function shapeOf(dag: Dag): DagShape {
  return {
    vertices: dag.vertices.map(({ name, localParallelism, supplier }) => ({
      name,
      localParallelism,
      isCooperative: supplier({ globalIndex: 0, totalParallelism: localParallelism }).isCooperative ?? true,
    })),
    edges: dag.edges.map((edge) => ({ ...edge, routing: edge.routing.kind })),
  };
}

const invalid = (message: string, mend: string) => new MillraceError(DagInvalid, { message, mend });

/** @throws MillraceError `engine.dag_invalid` */
export function validateShape({ vertices, edges }: DagShape): void {
  if (vertices.length === 0) throw invalid('the DAG has no vertices', 'Add at least a source and a sink.');
  const parallelism = new Map(vertices.map((vertex) => [vertex.name, vertex.localParallelism]));
  for (const [name, instances] of parallelism) {
    if (Number.isInteger(instances) && instances >= 1) continue;
    throw invalid(`vertex ${name} has parallelism ${instances}`, 'Give a whole number of at least 1.');
  }
  for (const { from, to, routing } of edges) {
    if (routing !== 'isolated' || parallelism.get(from) === parallelism.get(to)) continue;
    throw invalid(
      `the isolated edge ${from} -> ${to} joins parallelism ${parallelism.get(from)} to ${parallelism.get(to)}`,
      'Give both vertices the same parallelism or choose another routing.',
    );
  }
  const cyclic = findCycle({ vertices, edges });
  if (cyclic.length > 0)
    throw invalid(`the edges of ${cyclic.join(', ')} form a cycle`, 'Remove an edge of the cycle.');
}

/** Vertices that stay when those without incoming edges are taken away again and again (Kahn 1962). */
function findCycle({ vertices, edges }: DagShape): string[] {
  let left = vertices.map((vertex) => vertex.name);
  for (;;) {
    const held = left.filter((name) => edges.some((edge) => edge.to === name && left.includes(edge.from)));
    if (held.length === left.length) return held;
    left = held;
  }
}
