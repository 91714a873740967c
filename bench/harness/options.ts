export interface BenchOptions {
  /** Share of the full data: 1 is what published figures use. */
  readonly scale: number;
  /** Alternating runs of ours and the yardstick. */
  readonly rounds: number;
}
