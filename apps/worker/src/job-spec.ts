import type { StageReload, UsedDefinition } from '@millrace/pipeline';

/** What a worker thread needs to build a job's DAG. Plain data; holds secrets in the clear, so it is never logged or stored. */
export interface JobSpec {
  readonly jobId: string;
  readonly jobName: string;
  /** The job document as submitted. */
  readonly document: unknown;
  /** File on this member of the module that the job is written in, or whose functions its stages call. */
  readonly moduleUrl?: string | undefined;
  /** Definitions the document names, by name. */
  readonly sources: Readonly<Record<string, UsedDefinition>>;
  readonly sinks: Readonly<Record<string, UsedDefinition>>;
  /** Requests to load tables again that are open. */
  readonly loads: readonly StageReload[];
  /** Engine threads of the member. */
  readonly threads: number;
  /** The metadata database, where stages keep records that they set aside. */
  readonly databaseUrl: string;
}

/** A DAG that does nothing on this many threads. */
export interface WarmUpSpec {
  readonly warmUpThreads: number;
}
