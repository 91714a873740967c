import type { JobFigures, LagFigures, SnapshotFigures, VertexFigures } from '@millrace/cluster';
import type { FiguresView, LagView, SnapshotFiguresView } from './figures.schemas.ts';

/** Field by field: what a member adds later does not get out by itself. */
export function figuresView(figures: JobFigures): FiguresView {
  const { jobId, jobName, status, generation, startedAt, attempts, snapshot, flow, lag, edges, member, at } = figures;
  return {
    jobId,
    jobName,
    status,
    generation,
    startedAt: isoTime(startedAt),
    attempts,
    snapshot: snapshot === undefined ? null : { ...snapshotView(snapshot), ageMs: snapshot.ageMs },
    flow,
    lag: lagView(lag),
    vertices: figures.vertices.map((vertex) => vertexView(vertex, at)),
    edges: edges.map(({ edge, from, to, rows, rowsPerSecond, queuedRows, queueRowsMax, fill }) => ({
      edge,
      from,
      to,
      rows,
      rowsPerSecond,
      queuedRows,
      queueRowsMax,
      fill,
    })),
    member,
    at,
  };
}

/** Event times may be anything; a wall clock is not. */
const TIME_MS_MAX = 8.64e15;

export const isoTime = (ms: number): string => new Date(ms).toISOString();

export function snapshotView(snapshot: SnapshotFigures): SnapshotFiguresView {
  const { id, generation, takenAt, durationMs, alignMs, writeMs, commitMs, bytes } = snapshot;
  return { id, generation, takenAt: isoTime(takenAt), durationMs, alignMs, writeMs, commitMs, bytes };
}

export const lagView = ({ of, nowMs, p50Ms, p99Ms, bytes }: LagFigures): LagView => ({
  of,
  nowMs: nowMs ?? null,
  p50Ms: p50Ms ?? null,
  p99Ms: p99Ms ?? null,
  bytes: bytes ?? null,
});

function vertexView(vertex: VertexFigures, at: number): FiguresView['vertices'][number] {
  const { queueFill, watermarkMs: given, stateBytes, keys, custom, ...counted } = vertex;
  const watermarkMs = given !== undefined && Math.abs(given) <= TIME_MS_MAX ? given : undefined;
  return {
    ...counted,
    queueFill: queueFill ?? null,
    watermark: watermarkMs === undefined ? null : isoTime(watermarkMs),
    watermarkAgeMs: watermarkMs === undefined ? null : Math.max(0, at - watermarkMs),
    stateBytes: stateBytes ?? null,
    keys: keys ?? null,
    // Tables have a route of their own, and there may be many.
    custom: Object.fromEntries(Object.entries(custom).filter(([name]) => !name.startsWith('table.'))),
  };
}
