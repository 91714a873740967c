import { type DurationCounts, type Execution, type InstanceMetrics, SHOWN_AFTER } from '@millrace/engine';
import {
  type EdgeFigures,
  type FlowFigures,
  LAG_WINDOW_MS,
  type LagFigures,
  RATE_WINDOW_MS,
  type VertexFigures,
} from './job-figures.ts';
import { countsSince, quantile } from './quantile.ts';
import { type EdgeSum, sumDurations, sumPerEdge, sumPerVertex, type VertexSum } from './sum-instances.ts';

interface Reading {
  readonly atMs: number;
  readonly vertices: ReadonlyMap<string, VertexSum>;
  readonly edges: ReadonlyMap<number, EdgeSum>;
  readonly shown: DurationCounts | undefined;
}

export interface Measured {
  readonly flow: FlowFigures;
  readonly lag: LagFigures;
  readonly vertices: readonly VertexFigures[];
  readonly edges: readonly EdgeFigures[];
}

/**
 * Makes rates, shares and quantiles out of the counters of one execution, read about once a second. Keeps the readings of the last minute.
 */
export class JobMeter {
  readonly #edges: Execution['edges'];
  /** The oldest first. */
  readonly #readings: Reading[] = [];

  constructor(edges: Execution['edges']) {
    this.#edges = edges;
  }

  /** @param atMs monotonic */
  measure(instances: readonly InstanceMetrics[], atMs: number): Measured {
    const vertices = new Map(sumPerVertex(instances).map((sum) => [sum.vertex, sum]));
    const reading: Reading = {
      atMs,
      vertices,
      edges: sumPerEdge(instances),
      shown: sumDurations(instances, SHOWN_AFTER),
    };
    const before = this.#readingOf(atMs - RATE_WINDOW_MS);
    const figures = [...vertices.values()].map((sum) => this.#vertex(sum, reading, before));
    const edges = this.#edges.map((ends, edge) => ({ edge, ...ends, ...edgeFigures(edge, reading, before) }));
    const lag = this.#lag(reading, before, figures);
    this.#keep(reading);
    return { flow: flowOf(figures), lag, vertices: figures, edges };
  }

  /** The newest reading that is at least as old, or else the oldest. */
  #readingOf(atMs: number): Reading | undefined {
    return this.#readings.findLast((reading) => reading.atMs <= atMs) ?? this.#readings[0];
  }

  #keep(reading: Reading): void {
    this.#readings.push(reading);
    while (this.#readings[1] !== undefined && this.#readings[1].atMs <= reading.atMs - LAG_WINDOW_MS)
      this.#readings.shift();
  }

  #vertex(sum: VertexSum, reading: Reading, before: Reading | undefined): VertexFigures {
    const { vertex, instances, rowsIn, rowsOut, busyMs, blockedMs, watermarkMs, custom } = sum;
    const last = before?.vertices.get(vertex);
    const spanMs = before === undefined ? 0 : reading.atMs - before.atMs;
    const share = (now: number, then: number | undefined): number =>
      spanMs <= 0 ? 0 : Math.min(1, Math.max(0, (now - (then ?? 0)) / (spanMs * instances)));
    const incoming = this.#edges.flatMap(({ to }, edge) => (to === vertex ? [edge] : []));
    const fills = incoming.map((edge) => reading.edges.get(edge)?.fill ?? 0);
    return {
      vertex,
      instances,
      isSource: incoming.length === 0,
      isSink: !this.#edges.some(({ from }) => from === vertex),
      rowsIn,
      rowsOut,
      rowsInPerSecond: perSecond(rowsIn, last?.rowsIn, spanMs),
      rowsOutPerSecond: perSecond(rowsOut, last?.rowsOut, spanMs),
      busyMs,
      busy: share(busyMs, last?.busyMs),
      blocked: share(blockedMs, last?.blockedMs),
      queueFill: fills.length === 0 ? undefined : Math.max(...fills),
      watermarkMs,
      stateBytes: custom['stateBytes'],
      keys: custom['keys'],
      deadLetters: custom['deadLetters'] ?? 0,
      custom,
    };
  }

  #lag(reading: Reading, before: Reading | undefined, vertices: readonly VertexFigures[]): LagFigures {
    const bytes = most(vertices.map(({ custom }) => custom['lagBytes']));
    const { shown } = reading;
    const lastMinute = shown && countsSince(shown, this.#readingOf(reading.atMs - LAG_WINDOW_MS)?.shown);
    const p50Ms = lastMinute && quantile(lastMinute, 0.5);
    const sourceMs = most(vertices.map(({ custom }) => custom['lagMs']));
    if (shown === undefined || lastMinute === undefined || p50Ms === undefined) {
      return { of: 'source', nowMs: sourceMs, p50Ms: undefined, p99Ms: undefined, bytes };
    }
    // Where nothing came since, what was late a while ago says nothing of now.
    const nowMs = quantile(countsSince(shown, before?.shown), 0.5) ?? sourceMs ?? p50Ms;
    return { of: 'sink', nowMs, p50Ms, p99Ms: quantile(lastMinute, 0.99), bytes };
  }
}

function edgeFigures(edge: number, reading: Reading, before: Reading | undefined) {
  const { rows = 0, queuedRows = 0, queueRowsMax = 0, fill = 0 } = reading.edges.get(edge) ?? {};
  const spanMs = before === undefined ? 0 : reading.atMs - before.atMs;
  const rowsPerSecond = perSecond(rows, before?.edges.get(edge)?.rows, spanMs);
  return { rows, rowsPerSecond, queuedRows, queueRowsMax, fill };
}

function flowOf(vertices: readonly VertexFigures[]): FlowFigures {
  const flow = { in: 0, out: 0, inPerSecond: 0, outPerSecond: 0 };
  for (const { isSource, isSink, rowsIn, rowsOut, rowsInPerSecond, rowsOutPerSecond } of vertices) {
    if (isSource) {
      flow.in += rowsOut;
      flow.inPerSecond += rowsOutPerSecond;
    }
    if (isSink) {
      flow.out += rowsIn;
      flow.outPerSecond += rowsInPerSecond;
    }
  }
  return flow;
}

const perSecond = (now: number, then: number | undefined, spanMs: number): number =>
  spanMs <= 0 ? 0 : Math.max(0, ((now - (then ?? 0)) * 1_000) / spanMs);

const most = (values: readonly (number | undefined)[]): number | undefined =>
  values.reduce((worst, value) => (worst === undefined || (value ?? worst) > worst ? value : worst), undefined);
