/**
 * Names that processes share over Redis. Keys of one job carry its id as a hash tag, so that a cluster keeps them on one
 * node and one script may touch them all. https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
 */

/** BullMQ queue of executions: a queue task holds a job as long as one of its executions runs. */
export const EXECUTION_QUEUE = 'millrace-executions';

/** Name of the queue's only kind of task. */
export const EXECUTION_TASK = 'execute';

/** Data of a queue task. */
export interface ExecutionTask {
  readonly jobId: string;
}

/** BullMQ's own id of a queue task: unique per submission `n`, so that a finished task never blocks the next one. */
export const executionTaskId = (jobId: string, n: number | string): string => `${jobId}-${n}`;

/** Redis channel for "look at this job again"; the message is the job's id. Losing one loses nothing: workers poll as well. */
export const POKE_CHANNEL = 'millrace:poke';

/** Live figures of a running job: JSON of `JobFigures`, written once a second by the member that runs it. */
export const figuresKey = (jobId: string): string => `millrace:job:${jobId}:figures`;

/** The same in short, for lists: JSON of `JobRow`. */
export const rowKey = (jobId: string): string => `millrace:job:${jobId}:row`;

/** The last hour of a job: a list of points, the newest last. */
export const historyKey = (jobId: string): string => `millrace:job:${jobId}:history`;

/** Figures of the last snapshots of a job: a list of JSON of `SnapshotFigures`, the newest last. */
export const snapshotLogKey = (jobId: string): string => `millrace:job:${jobId}:snapshot-log`;

/** Facts of a member: JSON of `MemberFacts`; goes away with its lease. */
export const memberKey = (name: string): string => `millrace:member:${name}`;

/** Names of members: a sorted set, the score is the time of the last word. */
export const MEMBERS_KEY = 'millrace:members';

/** Members that are to give their jobs away: a hash, the value is the time of the wish. */
export const DRAINS_KEY = 'millrace:drains';

/** Wishes to look at rows of a running job: a hash of JSON of `TapWish`. */
export const tapsKey = (jobId: string): string => `millrace:job:${jobId}:taps`;

/** Channel of the samples of one wish: JSON of `TapSample`. */
export const tapChannel = (id: string): string => `millrace:tap:${id}`;

/** The figures disappear when nobody has written them for this long. */
export const FIGURES_TTL_MS = 10_000;

/** The last generation handed out for a job (a number, raised by `INCR`). */
export const generationKey = (jobId: string): string => `millrace:{${jobId}}:generation`;

/** Commit records of the retained snapshots: a sorted set, the score is the snapshot id, the member the record. */
export const recordsKey = (jobId: string): string => `millrace:{${jobId}}:snapshots`;

/** Attempts to write a snapshot: a set of `<generation>:<snapshotId>:<chunks>`, for removing what a crash left. */
export const attemptsKey = (jobId: string): string => `millrace:{${jobId}}:attempts`;

/** One piece of a snapshot's encoded state. */
export const chunkKey = (jobId: string, generation: number, snapshotId: number, index: number): string =>
  `millrace:{${jobId}}:chunk:${generation}:${snapshotId}:${index}`;
