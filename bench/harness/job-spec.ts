import type { DatabaseConnection } from '@millrace/testing';

/** Changes go to topics; the run is over when its parent closes its standard input. */
export interface KafkaTarget {
  readonly brokers: string;
  /** Options of the stage. */
  readonly stage: Readonly<Record<string, unknown>>;
}

/** A job as the benches run it: one PostgreSQL source, one sink. Plain data, handed to the process that runs it. */
export interface BenchJob {
  readonly jobId: string;
  readonly redisUrl: string;
  readonly source: DatabaseConnection;
  readonly initialLoad: 'full' | 'none';
  /** Continue a backlog: the job's slot stands at this position already. */
  readonly resumeLsn: string | undefined;
  /** `counting`: JSON bytes that are counted. Otherwise rows are upserted here. */
  readonly sink: 'counting' | DatabaseConnection | KafkaTarget;
  /** Options of the sink's stage; default: upsert. */
  readonly sinkStage?: Readonly<Record<string, unknown>> | undefined;
  /** The run is over when the counting sink has this many rows … */
  readonly rows: number;
  /** … or the target has this row. */
  readonly lastId: number | undefined;
}

/** What a run came to. */
export interface JobRun {
  /** From the first processor's start (before it connects) to the last row. */
  readonly seconds: number;
  readonly rows: number;
  /** JSON bytes, where they were counted. */
  readonly bytes: number;
  readonly snapshots: number;
  /** Resident memory of the whole process: most in the first and in the second half of the run. */
  readonly rssMiB: { readonly firstHalf: number; readonly secondHalf: number };
}

export const SOURCE_VERTEX = 'source';
export const SINK_VERTEX = 'sink';

/** Every run is the same job, started anew: its publication must be older than the backlogs. */
export const JOB_ID = 'bench';
/** Slot and publication of that job, as the source names them. */
export const JOB_SLOT = `millrace_${JOB_ID}_${SOURCE_VERTEX}`;
