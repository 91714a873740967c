export { jdbcSink } from './sink.ts';
export type { ConnectionOptions, StageOptions } from './config.ts';
