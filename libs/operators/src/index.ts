export { AggregateOperations } from './aggregate/aggregate-operations.ts';
export { type AsyncMapOptions, asyncMap } from './async/async-map.ts';
export type { AsyncCallOptions, ServiceContext, ServiceDefinition } from './async/async-options.ts';
export { AsyncCallFailed, type AttemptOptions, attempt } from './async/attempts.ts';
export { cachedLookup, type Lookup, type LookupCacheOptions } from './async/cached-lookup.ts';
export { type ServiceMapOptions, serviceMap } from './async/service-map.ts';
export { type ChainPart, chained } from './chain/chained.ts';
export type {
  AggregateOperation,
  AggregateOperation1,
  ColumnPlan,
  Primitive,
} from './contract/aggregate-operation.ts';
export type { Key, KeyOf, KeyPart } from './contract/key.ts';
export type { LoopMode, RowStage } from './contract/row-stage.ts';
export type {
  KeyedWindowResult,
  SessionWindow,
  SlidingWindow,
  WindowDefinition,
  WindowResult,
} from './contract/window.ts';
export { type HashJoinOptions, hashJoin, type JoinSide } from './join/hash-join.ts';
export { StateNotPlain } from './keyed/saved-states.ts';
export { type Explained, generatedCodeOf } from './loop/explained.ts';
export { type FusedStage, fusedLoop } from './loop/fused-loop.ts';
export { composeStages, rowAt } from './loop/interpret.ts';
export type { LoopStage } from './loop/loop-stage.ts';
export { UserFunctionFailed } from './loop/loops.ts';
export { type CanonicalKey, canonicalKey } from './partition/canonical-key.ts';
export { hashKey, partitionOfKey } from './partition/hash-key.ts';
export { columnPartitioner, keyPartitioner } from './partition/key-partitioner.ts';
export { type RollingAggregateOptions, rollingAggregate } from './rolling/rolling-aggregate.ts';
export { splitLate } from './session/late-rows.ts';
export { type SessionWindowsOptions, sessionWindows } from './session/session-windows.ts';
export { builtSink } from './sink/built-sink.ts';
export type { SinkContext, SinkDefinition } from './sink/sink-definition.ts';
export { sortRows } from './sort/sort.ts';
export { builtSource } from './source/built-source.ts';
export type { SourceBuffer, SourceContext, SourceDefinition } from './source/source-definition.ts';
export { itemStream, items, range } from './source/test-sources.ts';
export { type AccumulatorLayout, layoutOf } from './state/accumulator-layout.ts';
export { type KeepFirstOptions, keepFirst } from './stateful/keep-first.ts';
export { type Emit, type StatefulMapOptions, statefulMap } from './stateful/stateful-map.ts';
export { type AssignTimestampsOptions, assignTimestamps } from './time/assign-timestamps.ts';
export { type AccumulateFramesOptions, accumulateFrames } from './window/accumulate-frames.ts';
export { type CombineFramesOptions, combineFrames } from './window/combine-frames.ts';
export { NoTimestamp, StateTooLarge } from './window/errors.ts';
export { EVERYTHING } from './window/frame-time.ts';
