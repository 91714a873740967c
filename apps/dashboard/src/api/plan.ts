import type { JobFigures } from '@millrace/sdk/client';

/** The parts of a plan (`POST jobs/plan`) that are drawn. */
export interface Plan {
  readonly vertices: readonly PlanVertex[];
  readonly edges: readonly PlanEdge[];
}

export interface PlanVertex {
  readonly name: string;
  readonly parallelism: number;
  /** Why it is a vertex of its own. */
  readonly reason?: string;
  readonly parts: readonly {
    readonly name: string;
    readonly what: string;
    readonly fused: readonly { readonly name: string; readonly what?: string }[];
    readonly hasState: boolean;
  }[];
}

export interface PlanEdge {
  readonly from: string;
  readonly to: string;
  readonly routing: string;
  readonly why: string;
}

/** What can be told of the graph from figures alone: for who may not plan (it takes an editor), while the job runs. */
export const planOfFigures = ({ vertices, edges }: JobFigures): Plan => ({
  vertices: vertices.map(({ vertex, instances, isSource, isSink }) => ({
    name: vertex,
    parallelism: instances,
    parts: [{ name: vertex, what: isSource ? 'source' : isSink ? 'sink' : 'stage', fused: [], hasState: false }],
  })),
  edges: edges.map(({ from, to }) => ({ from, to, routing: 'isolated', why: '' })),
});
