export { describeSinkAtLeastOnce } from './describe-at-least-once.ts';
export { describeDefinition } from './describe-definition.ts';
export { describeSinkConnector } from './describe-sink.ts';
export { describeSourceConnector } from './describe-source.ts';
export { runAndKill, runScenario, SCENARIO_ROWS } from './scenario.ts';
export type { PrivateServer, SinkDriver, SinkTarget } from './sink-driver.ts';
export type { SourceDriver, SourceOrigin } from './source-driver.ts';
export { idsOfRecord, runSourceAndKill } from './source-scenario.ts';
export { insertBatch, insertBatches, numbers } from './test-rows.ts';
