export {
  BATCH_ROWS_MAX,
  type Batch,
  type ByteBatch,
  type ColumnBatch,
  type ColumnField,
  type ColumnSchema,
  type ColumnType,
  type ColumnValues,
  type RowBatch,
  rowBatch,
  type StringColumn,
} from './contract/batch.ts';
export {
  Dag,
  type Edge,
  type Partitioner,
  QUEUE_BYTES_MAX,
  QUEUE_ROWS_MAX,
  type Routing,
  type Vertex,
} from './contract/dag.ts';
export type {
  DagBuilder,
  DurationCounts,
  Engine,
  Execution,
  ExecutionRequest,
  InstanceMetrics,
  QueueState,
  VertexState,
} from './contract/execution.ts';
export {
  barrier,
  END_OF_INPUT,
  type EndOfInput,
  IDLE,
  isIdle,
  type Mark,
  type SnapshotBarrier,
  type Watermark,
  watermark,
} from './contract/mark.ts';
export {
  type Outbox,
  type Processor,
  type ProcessorContext,
  type ProcessorMetrics,
  type ProcessorSupplier,
  SHOWN_AFTER,
} from './contract/processor.ts';
export { addCounts, countRows, type RowCounts } from './contract/row-counts.ts';
export type { OpenSampler, Sampled, Sampler, TapRequest, TapSample } from './contract/sample.ts';
export {
  EVERY_INSTANCE,
  PARTITION_COUNT,
  partitionOwner,
  type SnapshotEntry,
  type SnapshotWriter,
} from './contract/snapshot.ts';
export {
  CloseFailed,
  ContractViolated,
  DagInvalid,
  ExecutionStopped,
  ProcessorFailed,
  SlowCallback,
  StateWithoutVertex,
  ThreadLost,
} from './errors.ts';
export { type EngineOptions, startEngine } from './start-engine.ts';
export { DURATION_BOUNDS_MS } from './tasklet/duration-bounds.ts';
export { CLOSE_DURATION_MS_MAX } from './thread/instance.ts';
export { type HostOptions, hostThread } from './thread/thread-host.ts';
export type { Port, StartedThread, ThreadPlatform } from './thread/thread-platform.ts';
