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

/** Figures of a running job (`GET jobs/{id}/metrics`). */
export interface Figures {
  readonly status: string;
  readonly generation: number;
  readonly snapshot?: {
    readonly id: number;
    readonly takenAt: number;
    readonly ageMs: number;
    readonly durationMs: number;
    readonly bytes: number;
  };
  readonly vertices: readonly VertexFigures[];
  readonly member: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface VertexFigures {
  readonly vertex: string;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly busyMs: number;
  readonly custom: Readonly<Record<string, number>>;
}
