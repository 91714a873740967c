import type { FiguresView } from '../figures.schemas.ts';

/** A metric of Prometheus and how it is read out of the figures of one job, or of one of its vertices or edges. */
export interface Family<Subject> {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** `null`: not known, no sample. */
  readonly read: (subject: Subject) => number | null;
}

type Vertex = FiguresView['vertices'][number];
type Edge = FiguresView['edges'][number];

const MS_PER_S = 1_000;
const seconds = (ms: number | null | undefined): number | null =>
  ms === null || ms === undefined ? null : ms / MS_PER_S;

/** With the label `job`. Counters begin at 0 with every execution. */
export const JOB_FAMILIES: readonly Family<FiguresView>[] = [
  { name: 'rows_in_total', help: 'Rows that came from the sources.', type: 'counter', read: ({ flow }) => flow.in },
  { name: 'rows_out_total', help: 'Rows that went into the sinks.', type: 'counter', read: ({ flow }) => flow.out },
  {
    name: 'lag_bytes',
    help: 'Log that the sources have still to read.',
    type: 'gauge',
    read: ({ lag }) => lag.bytes,
  },
  {
    name: 'snapshot_age_seconds',
    help: 'Since the newest snapshot was taken.',
    type: 'gauge',
    read: ({ snapshot }) => seconds(snapshot?.ageMs),
  },
  {
    name: 'snapshot_duration_seconds',
    help: 'From barrier to commit of the newest snapshot.',
    type: 'gauge',
    read: ({ snapshot }) => seconds(snapshot?.durationMs),
  },
  {
    name: 'snapshot_bytes',
    help: 'State in the newest snapshot.',
    type: 'gauge',
    read: ({ snapshot }) => snapshot?.bytes ?? null,
  },
];

/** With the labels `job` and `vertex`. */
export const VERTEX_FAMILIES: readonly Family<Vertex>[] = [
  { name: 'rows_in_total', help: 'Rows it took.', type: 'counter', read: ({ rowsIn }) => rowsIn },
  { name: 'rows_out_total', help: 'Rows it passed on.', type: 'counter', read: ({ rowsOut }) => rowsOut },
  { name: 'busy_seconds_total', help: 'Time it worked.', type: 'counter', read: ({ busyMs }) => seconds(busyMs) },
  { name: 'busy_ratio', help: 'Share of time that it works.', type: 'gauge', read: ({ busy }) => busy },
  {
    name: 'blocked_ratio',
    help: 'Share of time that it waits for room downstream.',
    type: 'gauge',
    read: ({ blocked }) => blocked,
  },
  {
    name: 'queue_fill_ratio',
    help: 'How full its fullest input queue is.',
    type: 'gauge',
    read: ({ queueFill }) => queueFill,
  },
  {
    name: 'watermark_age_seconds',
    help: 'How far its event time is behind the clock.',
    type: 'gauge',
    read: ({ watermarkAgeMs }) => seconds(watermarkAgeMs),
  },
  { name: 'state_bytes', help: 'State it holds.', type: 'gauge', read: ({ stateBytes }) => stateBytes },
  {
    name: 'dead_letters_total',
    help: 'Records it set aside.',
    type: 'counter',
    read: ({ deadLetters }) => deadLetters,
  },
];

/** With the labels `job`, `edge`, `from` and `to`. */
export const EDGE_FAMILIES: readonly Family<Edge>[] = [
  { name: 'rows_total', help: 'Rows that crossed it.', type: 'counter', read: ({ rows }) => rows },
  { name: 'queued_rows', help: 'Rows that wait in its queues.', type: 'gauge', read: ({ queuedRows }) => queuedRows },
];
