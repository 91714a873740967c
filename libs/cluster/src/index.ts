export {
  Fenced,
  JobCancelled,
  RedisNotDurable,
  RedisUnavailable,
  SnapshotDamaged,
  SnapshotLost,
  SnapshotTooLarge,
} from './errors.ts';
export { type CoordinatorParts, ExecutionCoordinator } from './execution/execution-coordinator.ts';
export type { ExecutionLog } from './execution/execution-log.ts';
export type { EndState, ExecutionState } from './execution/execution-state.ts';
export type { JobCounts } from './execution/job-counts.ts';
export type { JobDirectory, JobOutcome, JobPlan, JobView } from './execution/job-directory.ts';
export { FiguresBoard, type FiguresNews } from './figures/figures-board.ts';
export { HISTORY_METRICS, type HistoryMetric, type HistoryPoint } from './figures/history.ts';
export type {
  EdgeFigures,
  JobFigures,
  LagFigures,
  SnapshotFigures,
  VertexFigures,
} from './figures/job-figures.ts';
export type { JobRow } from './figures/job-row.ts';
export type { DesiredState, JobStatus } from './job-status.ts';
export { type GoneMember, MemberBoard, type MemberFacts, type MemberState } from './members/member-board.ts';
export {
  EXECUTION_QUEUE,
  EXECUTION_TASK,
  type ExecutionTask,
  executionTaskId,
  FIGURES_TTL_MS,
  figuresKey,
  POKE_CHANNEL,
  tapChannel,
} from './names.ts';
export { COMMAND_MS_MAX, connectRedis, type RedisConnectionOptions } from './redis/connect-redis.ts';
export type { Durability } from './redis/redis-durability.ts';
export { decideRestore, type RestoreDecision } from './snapshot/decide-restore.ts';
export { chunkCount, RedisSnapshotStore, stateHash } from './snapshot/redis-snapshot-store.ts';
export {
  CHUNK_BYTES,
  SNAPSHOTS_RETAINED,
  type SnapshotRecord,
  type SnapshotStore,
  STATE_BYTES_MAX,
} from './snapshot/snapshot-store.ts';
export { decodeState, encodeState } from './snapshot/state-codec.ts';
export { WITNESS_STATE_BYTES_MAX, type Witness, type WitnessStore } from './snapshot/witness.ts';
export { TapBoard, type TapWish } from './taps/tap-board.ts';
