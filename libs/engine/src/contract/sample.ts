import type { Batch } from './batch.ts';

/** Rows of a batch as plain JSON values, for people to look at. */
export interface Sampled {
  readonly rows: readonly unknown[];
  /** Rows of the batch that were looked at to find them; the others were passed over. */
  readonly examined: number;
}

/** Takes at most `rowsMax` rows out of a batch, at once: the batch may be gone afterwards. */
export type Sampler = (batch: Batch, rowsMax: number) => Sampled;

/** What a module of `buildDag` may export besides: makes the sampler of one viewer. @throws what is wrong with the filter */
export type OpenSampler = (options: { readonly filter?: string | undefined }) => Sampler;

/** Somebody wants to look at rows that cross edges of a running execution. */
export interface TapRequest {
  readonly id: string;
  /** Numbers of edges in the DAG. */
  readonly edges: readonly number[];
  /** A condition in the job's expression language. */
  readonly filter?: string | undefined;
  /** Of all threads together; what is more is passed over. */
  readonly rowsPerSecond: number;
}

/** What a tap saw within a moment. */
export interface TapSample {
  readonly tap: string;
  readonly rows: readonly { readonly edge: number; readonly row: unknown }[];
  /** Rows that crossed the edges since the sample before and were not shown, because they were too many or the filter was not true of them. */
  readonly passedOver: number;
  /** Why nothing more comes of it. */
  readonly error?: string | undefined;
}
