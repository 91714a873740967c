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
