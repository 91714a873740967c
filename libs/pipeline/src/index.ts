export { AggregateBuilder } from './api/aggregate-builder.ts';
export { AssertionFailed, Assertions } from './api/assertions.ts';
export type { EnrichOptions } from './api/async-stages.ts';
export { HashJoinBuilder, type JoinOn } from './api/join-stages.ts';
export type { OnError, OnErrorOptions, RowStageOptions } from './api/on-error.ts';
export { Pipeline } from './api/pipeline.ts';
export { RegisteredSinks, type TableSinkOptions } from './api/registered-sinks.ts';
export { SinkBuilder } from './api/sink-builder.ts';
export { type Sink, SinkStage, Sinks } from './api/sinks.ts';
export { SourceBuilder } from './api/source-builder.ts';
export { type BatchSource, RegisteredSources, Sources, type StreamSource, TestSources } from './api/sources.ts';
export { type BatchStage, Stage, type StreamStage } from './api/stage.ts';
export { type Keyed, StageWithKey } from './api/stage-with-key.ts';
export {
  type KeyedStream,
  StageWithKeyAndWindow,
  StageWithWindow,
  type WithLateRows,
} from './api/stage-with-window.ts';
export type { TimeToLive } from './api/stateful-stages.ts';
export { StreamSourceStage, type TimestampOptions } from './api/stream-source-stage.ts';
export { session, sliding, tumbling, type WindowOptions } from './api/windows.ts';
export { buildGraph } from './declarative/build-graph.ts';
export {
  checkInput,
  errorIssue,
  type InputIssue,
  jsonPointer,
  quoteName,
  schemaIssues,
} from './declarative/input-issue.ts';
export {
  type PlanOptions,
  planPipeline,
  type RegisteredOptions,
  registeredSuppliers,
  type StageReload,
  type UsedDefinition,
} from './declarative/plan.ts';
export { type PipelineDocument, pipelineSchema } from './declarative/spec.ts';
export { letterCopies } from './declarative/stage-parts.ts';
export { nameSchema, stageSchemas } from './declarative/stage-schemas.ts';
export { stageTables } from './declarative/stage-tables.ts';
export {
  InvalidPipeline,
  type ParsedInnerStage,
  type ParsedPipeline,
  type ParsedSinkStage,
  type ParsedSourceStage,
  type ParsedStage,
  parsePipeline,
} from './declarative/validate.ts';
export { type CallContext, type MapFunction, ModuleWithoutFunction } from './events/module-calls.ts';
export {
  type ExplainedEdge,
  type ExplainedPart,
  type ExplainedVertex,
  type ExplainOptions,
  explainPlan,
  type PlanExplanation,
} from './explain/explain-plan.ts';
export { planGraphviz, planMermaid, planText } from './explain/plan-text.ts';
export { reachableFrom } from './graph/reachable.ts';
export {
  type PlanOptions as GraphPlanOptions,
  planGraph,
  type RegisteredSuppliers,
  toDag,
} from './planner/plan-graph.ts';
export { unsteadyLetters } from './planner/unsteady-letters.ts';
export { rowKeyOf } from './refusals/event-key.ts';
export { LETTER_TABLE, lettersOf } from './refusals/letter-rows.ts';
export type { Handled, Letter, LetterRequest, LetterStore, OpenLetterStore } from './refusals/letter-store.ts';
export {
  isModuleJob,
  type ModuleJobDocument,
  moduleJobSchema,
  type ParsedModuleJob,
  parseModuleJob,
  stagesOfUses,
} from './run/job-document.ts';
export { loadPipeline, type ModuleSpec, ModuleWithoutPipeline } from './run/pipeline-module.ts';
export { registerPlatformImports } from './run/platform-imports.ts';
export { type RunOptions, type RunResult, type RunSnapshot, runPipeline } from './run/run-pipeline.ts';
export { type UsedStage, usedStages } from './run/used-definitions.ts';
export { checkSampleFilter, openSampler } from './sample/open-sampler.ts';
