import type { BenchOptions } from '../harness/options.ts';

/** One comparison of a connector with the least that has to be done. */
export interface Comparison {
  /** What the connector does: `source text`. */
  readonly name: string;
  /** What does as much without it: `cat`. */
  readonly yardstick: string;
  /** Of both figures; more is better. */
  readonly unit: 'rows/s' | 'MB/s';
  readonly ours: number;
  readonly theirs: number;
  /** Ours ÷ yardstick, of medians. */
  readonly ratio: number;
}

/** A connector's part of `bench connectors`: its comparisons, each of runs that alternate (see `alternate`). */
export interface ConnectorBench {
  readonly connector: string;
  readonly run: (options: BenchOptions) => Promise<readonly Comparison[]>;
}
