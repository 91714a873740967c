import type { JobStatus } from '../job-status.ts';
import type { JobFigures } from './job-figures.ts';

/** The figures of a job in one line of a list, written beside `JobFigures`: two hundred of them are read every second. */
export interface JobRow {
  readonly jobId: string;
  readonly status: JobStatus;
  readonly generation: number;
  readonly member: string;
  readonly startedAt: number;
  readonly attempts: number;
  readonly inPerSecond: number;
  readonly outPerSecond: number;
  readonly lag: JobFigures['lag'];
  readonly snapshot: { readonly id: number; readonly takenAt: number; readonly durationMs: number } | undefined;
  /** Of the fullest queue, and of the vertex that waits most. */
  readonly queueFill: number;
  readonly blocked: number;
  /** Vertices that send nothing because what they send to has failed again and again (their gauge `circuitOpen`). */
  readonly openCircuits: readonly string[];
  readonly at: number;
}

export function rowOf(figures: JobFigures): JobRow {
  const { jobId, status, generation, member, startedAt, attempts, flow, lag, vertices, snapshot, at } = figures;
  return {
    jobId,
    status,
    generation,
    member,
    startedAt,
    attempts,
    inPerSecond: flow.inPerSecond,
    outPerSecond: flow.outPerSecond,
    lag,
    snapshot: snapshot && { id: snapshot.id, takenAt: snapshot.takenAt, durationMs: snapshot.durationMs },
    queueFill: Math.max(0, ...vertices.map(({ queueFill }) => queueFill ?? 0)),
    blocked: Math.max(0, ...vertices.map(({ blocked }) => blocked)),
    openCircuits: vertices.filter(({ custom }) => (custom['circuitOpen'] ?? 0) > 0).map(({ vertex }) => vertex),
    at,
  };
}
