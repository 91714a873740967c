import { errorCode } from '@millrace/kernel';

const user = { domain: 'user', retry: 'never' } as const;

export const PipelineWithoutSink = errorCode('pipeline.no_sink', { ...user, title: 'The pipeline has no sink' });
export const StageUnused = errorCode('pipeline.stage_unused', { ...user, title: 'Nothing reads from a stage' });
export const NameTaken = errorCode('pipeline.name_taken', { ...user, title: 'Two stages have one name' });
export const NameInvalid = errorCode('pipeline.name_invalid', { ...user, title: 'A name that a stage cannot have' });
export const ForeignStage = errorCode('pipeline.foreign_stage', { ...user, title: 'A stage of another pipeline' });
export const WindowInvalid = errorCode('pipeline.window_invalid', {
  ...user,
  title: 'A window has an impossible size',
});
export const WindowWithoutTimestamps = errorCode('pipeline.window_without_timestamps', {
  ...user,
  title: 'A window over rows that have no event time',
});
export const NoNativeTimestamps = errorCode('pipeline.no_native_timestamps', {
  ...user,
  title: 'The source has no event times of its own',
});
export const ParallelismInvalid = errorCode('pipeline.parallelism_invalid', {
  ...user,
  title: 'An impossible number of instances',
});
export const OptionInvalid = errorCode('pipeline.option_invalid', { ...user, title: 'An impossible option' });
export const DefinitionUnknown = errorCode('pipeline.definition_unknown', {
  ...user,
  title: 'The pipeline names a source or sink that is not registered',
});
export const DefinitionOptionsInvalid = errorCode('pipeline.definition_options_invalid', {
  ...user,
  title: 'Options that a connector does not take',
});
