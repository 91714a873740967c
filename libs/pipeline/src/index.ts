export { type InputIssue, checkInput, errorIssue, jsonPointer, quoteName, schemaIssues } from './input-issue.ts';
export {
  type PipelineDocument,
  type SelectStage,
  type SinkStage,
  type SourceStage,
  type Stage,
  nameSchema,
  pipelineSchema,
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
