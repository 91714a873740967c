import type { ProcessorMetrics } from '@millrace/engine';
import type { TableProgress } from './contract.ts';

/** Tables whose progress is told one by one; of more only the first. */
const TABLES_TOLD_MAX = 500;
/** As a figure: the index. */
const PHASES: readonly TableProgress['phase'][] = ['waiting', 'loading', 'streaming'];
/** Share of the newest reading in the rate: about the last ten seconds count. */
const SMOOTHING = 0.2;
const MS_PER_S = 1_000;

interface Reading {
  readonly atMs: number;
  readonly rows: number;
  readonly rate: number;
}

/** Tells how far each table of a load is, as gauges named `table.WHAT TABLE`, while something is left to load and once after. */
export class TableFigures {
  readonly #readings = new Map<string, Reading>();
  #isDone = false;

  tell(tables: readonly TableProgress[], metrics: Pick<ProcessorMetrics, 'set'>, atMs: number): void {
    if (this.#isDone) return;
    for (const { id, phase, rows, rowsEstimate } of tables.slice(0, TABLES_TOLD_MAX)) {
      metrics.set(`table.phase ${id}`, PHASES.indexOf(phase));
      metrics.set(`table.rows ${id}`, rows);
      metrics.set(`table.estimate ${id}`, rowsEstimate);
      metrics.set(`table.rate ${id}`, phase === 'loading' ? this.#rate(id, rows, atMs) : 0);
    }
    this.#isDone = tables.every(({ phase }) => phase === 'streaming');
  }

  /** Rows per second. */
  #rate(id: string, rows: number, atMs: number): number {
    const last = this.#readings.get(id);
    if (last !== undefined && atMs <= last.atMs) return last.rate;
    const newest = last === undefined ? 0 : ((rows - last.rows) * MS_PER_S) / (atMs - last.atMs);
    const rate = last === undefined || last.rate === 0 ? newest : last.rate + SMOOTHING * (newest - last.rate);
    this.#readings.set(id, { atMs, rows, rate });
    return rate;
  }
}
