import type { JobFigures } from './job-figures.ts';

/** What is kept of a job over the last hour; the order is that of the values of a stored point. */
export const HISTORY_METRICS = [
  'inPerSecond',
  'outPerSecond',
  'lagMs',
  'lagP99Ms',
  'lagBytes',
  'queueFill',
  'blocked',
  'stateBytes',
  'snapshotMs',
  'snapshotBytes',
] as const;

export type HistoryMetric = (typeof HISTORY_METRICS)[number];

/** One point: what was so on average (rates), or at worst (everything else), since the point before; `null`: unknown. */
export type HistoryPoint = { readonly at: number } & Readonly<Record<HistoryMetric, number | null>>;

/** Between two points. */
export const HISTORY_STEP_MS = 10_000;
/** Points kept for a job: an hour. */
export const HISTORY_POINTS_MAX = 360;

/** Gathers the figures of every second into a point every `HISTORY_STEP_MS`. One for each execution. */
export class HistoryRecorder {
  #first: JobFigures | undefined;
  #worst: Partial<Record<HistoryMetric, number>> = {};

  /** A point when one is due. */
  add(figures: JobFigures): HistoryPoint | undefined {
    const first = this.#first;
    this.#first ??= figures;
    for (const [metric, value] of Object.entries(gaugesOf(figures)) as [HistoryMetric, number | undefined][]) {
      if (value !== undefined) this.#worst[metric] = Math.max(this.#worst[metric] ?? value, value);
    }
    if (first === undefined || figures.at - first.at < HISTORY_STEP_MS) return undefined;
    const worst = this.#worst;
    this.#first = figures;
    this.#worst = {};
    const seconds = (figures.at - first.at) / 1_000;
    const rates: Partial<Record<HistoryMetric, number>> = {
      inPerSecond: (figures.flow.in - first.flow.in) / seconds,
      outPerSecond: (figures.flow.out - first.flow.out) / seconds,
    };
    const values = HISTORY_METRICS.map((metric) => [metric, rates[metric] ?? worst[metric] ?? null] as const);
    return { at: figures.at, ...(Object.fromEntries(values) as Record<HistoryMetric, number | null>) };
  }
}

function gaugesOf({ lag, vertices, snapshot }: JobFigures): Partial<Record<HistoryMetric, number | undefined>> {
  return {
    lagMs: lag.nowMs,
    lagP99Ms: lag.p99Ms,
    lagBytes: lag.bytes,
    queueFill: Math.max(0, ...vertices.map(({ queueFill }) => queueFill ?? 0)),
    blocked: Math.max(0, ...vertices.map(({ blocked }) => blocked)),
    stateBytes: vertices.reduce((sum, { stateBytes }) => sum + (stateBytes ?? 0), 0),
    snapshotMs: snapshot?.durationMs,
    snapshotBytes: snapshot?.bytes,
  };
}

/** Three digits after the point are plenty, and half the bytes. */
const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value * 1_000) / 1_000);

/** A point as it is stored. */
export const encodePoint = (point: HistoryPoint): string =>
  JSON.stringify([point.at, ...HISTORY_METRICS.map((metric) => rounded(point[metric]))]);

export function decodePoint(text: string): HistoryPoint {
  const [at, ...values] = JSON.parse(text) as [number, ...(number | null)[]];
  const entries = HISTORY_METRICS.map((metric, index) => [metric, values[index] ?? null] as const);
  return { at, ...(Object.fromEntries(entries) as Record<HistoryMetric, number | null>) };
}
