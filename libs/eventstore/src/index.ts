export {
  type Aggregate,
  type AggregateOptions,
  aggregate,
  type Handled,
  type HandleOptions,
  type Loaded,
} from './aggregates/aggregate.ts';
export { type Decider, decider } from './aggregates/decider.ts';
export {
  DefinitionInvalid,
  EventIdTaken,
  EventInvalid,
  EventTooNew,
  Fenced,
  NoSuchConsumer,
  NoTransaction,
  NotCaughtUp,
  NotMigrated,
  OtherCluster,
  SlotLost,
  UnknownEventType,
  WrongVersion,
} from './errors.ts';
export type { DomainEvent, EventMetadata, NewEvent, Recorded, StoredEvent } from './events/event.ts';
export { type EventDefinition, type EventOf, type EventsOf, EventTypes, eventTypes } from './events/event-types.ts';
export type { Stopped } from './log/progress.ts';
export { dropProjection, rebuildProjection, resetGroup, resumeProjection } from './projections/commands.ts';
export { buildInline } from './projections/inline-build.ts';
export {
  type ErrorPolicy,
  type Handlers,
  type Projection,
  type ProjectionContext,
  type ProjectionOptions,
  projection,
} from './projections/projection.ts';
export { type ProjectionGroupOptions, runProjections } from './projections/projection-group.ts';
export { type ConsumerStatus, type ParkedEvent, parkedEvents, projectionStatus } from './projections/status.ts';
export { migrate, migrationSql } from './schema/migrate.ts';
export type { AppendOptions, AppendResult, ExpectedVersion } from './store/append.ts';
export { type Decision, EventStore, type EventStoreOptions } from './store/event-store.ts';
export type { Executor, ExecutorPool, PooledExecutor } from './store/executor.ts';
export type { ReadAllOptions, ReadStreamOptions } from './store/read.ts';
export { currentPosition, type WaitOptions, waitFor, whenCaughtUp } from './subscription/caught-up.ts';
export { type GroupOptions, GroupRunner } from './subscription/group-runner.ts';
export { type Delivery, type Subscription, type SubscriptionOptions, subscribe } from './subscription/subscription.ts';
