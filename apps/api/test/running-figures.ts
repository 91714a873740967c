import type { JobFigures, VertexFigures } from '@millrace/cluster';

const vertex = (name: string, more: Partial<VertexFigures>): VertexFigures => ({
  vertex: name,
  instances: 1,
  isSource: false,
  isSink: false,
  rowsIn: 0,
  rowsOut: 0,
  rowsInPerSecond: 0,
  rowsOutPerSecond: 0,
  busyMs: 10,
  busy: 0.1,
  blocked: 0,
  queueFill: undefined,
  watermarkMs: undefined,
  stateBytes: undefined,
  keys: undefined,
  deadLetters: 0,
  custom: {},
  ...more,
});

/** What a member would tell of a job that copies a hundred rows a second. */
export const runningFigures = (jobId: string, more: Partial<JobFigures> = {}): JobFigures => ({
  jobId,
  jobName: 'job',
  status: 'RUNNING',
  generation: 1,
  startedAt: 1_000,
  attempts: 1,
  snapshot: {
    id: 3,
    generation: 1,
    takenAt: 2_000,
    durationMs: 12,
    alignMs: 5,
    writeMs: 4,
    commitMs: 3,
    bytes: 2_048,
    ageMs: 500,
  },
  flow: { in: 1_000, out: 990, inPerSecond: 100, outPerSecond: 99 },
  lag: { of: 'sink', nowMs: 20, p50Ms: 21, p99Ms: 80, bytes: undefined },
  vertices: [
    vertex('orders', { isSource: true, rowsOut: 1_000, rowsOutPerSecond: 100, custom: { lagMs: 3 } }),
    vertex('copy', { isSink: true, rowsIn: 990, rowsInPerSecond: 99, queueFill: 0.25, deadLetters: 2 }),
  ],
  edges: [
    {
      edge: 0,
      from: 'orders',
      to: 'copy',
      rows: 1_000,
      rowsPerSecond: 100,
      queuedRows: 10,
      queueRowsMax: 8_192,
      fill: 0.25,
    },
  ],
  member: 'here:1',
  at: 3_000,
  ...more,
});
