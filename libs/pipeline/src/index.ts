export { checkInput, errorIssue, type InputIssue, jsonPointer, quoteName, schemaIssues } from './input-issue.ts';
export { type PlanOptions, planPipeline, type UsedDefinition } from './plan.ts';
export {
  nameSchema,
  type PipelineDocument,
  pipelineSchema,
  type SelectStage,
  type SinkStage,
  type SourceStage,
  type Stage,
  stageSchemas,
} from './spec.ts';
export {
  InvalidPipeline,
  type ParsedPipeline,
  type ParsedSelectStage,
  type ParsedSinkStage,
  type ParsedSourceStage,
  type ParsedStage,
  parsePipeline,
} from './validate.ts';
