export { DrivenProcessor, type DriveOptions, type SavedSnapshot, TEST_JOB } from './driven-processor.ts';
export { DrivenSink, type DriveSinkOptions, resolvedSink } from './driven-sink.ts';
export { DrivenSource, type DriveSourceOptions, resolvedSource } from './driven-source.ts';
export { RecordedRefusals } from './recorded-refusals.ts';
